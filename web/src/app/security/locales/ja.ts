import type { Like } from "@/locales/types";

import type en from "./en";

const ja: Like<typeof en> = {
  all: "{n} 件すべて表示",
  high: "安全でないキーの設定が {count} 件あります",
  medium: "より安全にできるキーの設定が {count} 件あります",
  encryption: "保存されているキーと ENCRYPTION_KEY が合いません",
};

export default ja;
