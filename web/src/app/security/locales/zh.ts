import type { Like } from "@/locales/types";

import type en from "./en";

const zh: Like<typeof en> = {
  all: "显示全部 {n} 条",
  high: "有 {count} 项密钥安全问题需要处理",
  medium: "有 {count} 项密钥安全建议",
  encryption: "已存储的密钥与 ENCRYPTION_KEY 不匹配",
};

export default zh;
