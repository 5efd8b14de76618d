import type { Like } from "@/locales/types";

import type en from "./en";

const zh: Like<typeof en> = {
  activeKeys: "个可用密钥",
};

export default zh;
