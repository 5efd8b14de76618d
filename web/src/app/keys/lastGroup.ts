const STORED = "gpt-load.group";

/** The group that was looked at last in this browser. */
export const lastGroup = {
  id: () => Number(localStorage.getItem(STORED)) || undefined,
  remember: (id: number) => localStorage.setItem(STORED, String(id)),
};
