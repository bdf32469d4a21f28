import type { ReactNode } from "react";

function Icon({ children }: { children: ReactNode }) {
  return (
    <svg viewBox="0 0 20 20" fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinejoin="round">
      {children}
    </svg>
  );
}

export function AccountIcon() {
  return (
    <Icon>
      <circle cx="10" cy="6.5" r="3.5" />
      <path d="M3 18c.6-4.2 3.3-6 7-6s6.4 1.8 7 6z" />
    </Icon>
  );
}

export function OutboxIcon() {
  return (
    <Icon>
      <rect x="2" y="4" width="16" height="12.5" rx="1.5" />
      <path d="m2.5 5.5 7.5 5.5 7.5-5.5" strokeLinecap="round" />
    </Icon>
  );
}

export function FilesIcon() {
  return (
    <Icon>
      <path d="M10 13V3m-4 4 4-4 4 4M3 12v4.5h14V12" strokeLinecap="round" />
    </Icon>
  );
}
