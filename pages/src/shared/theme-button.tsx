import { ThemeIcon } from './icons.tsx';
import { nextTheme, theme } from './theme.ts';

export function ThemeButton() {
  const said = `Theme: ${theme.value}`;
  return (
    <button type="button" class="icon-button" aria-label={said} title={said} onClick={nextTheme}>
      <ThemeIcon />
    </button>
  );
}
