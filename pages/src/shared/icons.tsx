import type { ComponentChildren } from 'preact';

export function Icon({ children }: { readonly children: ComponentChildren }) {
  return (
    <svg class="icon" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
      {children}
    </svg>
  );
}

export const ThemeIcon = () => (
  <Icon>
    <circle cx="10" cy="10" r="6.3" />
    <path class="solid" d="M10 3.7a6.3 6.3 0 0 1 0 12.6z" />
  </Icon>
);
/** Springs that run together into a river. */
export const Mark = () => (
  <svg class="mark" viewBox="0 0 28 28" width="28" height="28" aria-hidden="true">
    <path d="M5 5.5c0 6 9 5 9 11.500v6" />
    <path d="M23 5.500c0 6-9 5-9 11.500" />
    <path d="M14 5.500v6" />
  </svg>
);
