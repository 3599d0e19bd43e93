import { Icon } from '../../shared/icons.tsx';

export const PlayIcon = () => (
  <Icon>
    <path class="solid" d="M6.5 4.3c0-.8.9-1.3 1.6-.9l8 5.2c.6.4.6 1.3 0 1.7l-8 5.2c-.7.4-1.6 0-1.6-.9z" />
  </Icon>
);
export const PauseIcon = () => (
  <Icon>
    <rect class="solid" x="5" y="3.5" width="3.6" height="13" rx="1.2" />
    <rect class="solid" x="11.4" y="3.5" width="3.6" height="13" rx="1.2" />
  </Icon>
);
export const BackIcon = () => (
  <Icon>
    <path d="M12.5 5 7.5 10l5 5" />
  </Icon>
);
export const ForwardIcon = () => (
  <Icon>
    <path d="m7.5 5 5 5-5 5" />
  </Icon>
);
export const RestoreIcon = () => (
  <Icon>
    <path d="M4 4.5v4h4M4.3 8.3a6.2 6.2 0 1 1-.5 3.2" />
  </Icon>
);
export const FlagIcon = () => (
  <Icon>
    <path d="M5 17V3.5M5 4.2h9.2l-2 3 2 3H5" />
  </Icon>
);
export const KeysIcon = () => (
  <Icon>
    <rect x="2.5" y="5" width="15" height="10" rx="2" />
    <path d="M5.6 8.2h.01M8.5 8.2h.01M11.5 8.2h.01M14.4 8.2h.01M7 11.8h6" />
  </Icon>
);
