import type { Like } from "@/locales/types";

import type en from "./en";

const ja: Like<typeof en> = {
  activeKeys: "個の有効なキー",
};

export default ja;
