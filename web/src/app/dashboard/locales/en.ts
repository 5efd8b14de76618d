export default {
  activeKeys: "active keys",
} as const;
