import type { Like } from "@/locales/types";

import type en from "./en";

const zh: Like<typeof en> = {
  none: "还没有分组",
  noneText: "一个分组把同一提供商的密钥放在同一个地址之后。",
};

export default zh;
