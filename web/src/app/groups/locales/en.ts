export default {
  none: "No groups yet",
  noneText: "A group holds the keys of one provider behind one address.",
} as const;
