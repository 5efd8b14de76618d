export default {
  all: "Show all {n}",
  high: "1 warning about unsafe keys | {count} warnings about unsafe keys",
  medium: "1 way to make keys safer | {count} ways to make keys safer",
  encryption: "Stored keys and ENCRYPTION_KEY do not fit",
} as const;
