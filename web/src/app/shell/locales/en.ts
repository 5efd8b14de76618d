export default {
  pages: "Pages",
  skip: "Skip to the page",
  dashboard: "Dashboard",
  keys: "Keys",
  logs: "Logs",
  settings: "Settings",
  language: "Language",
  theme: { label: "Theme", system: "System", light: "Light", dark: "Dark" },
  signOut: "Sign out",
  away: "The server does not answer. What you see may be old; this page goes on by itself when it is back.",
} as const;
