import type { Like } from "@/locales/types";

import type en from "./en";

const ja: Like<typeof en> = {
  pages: "ページ",
  skip: "本文へ移動",
  dashboard: "ダッシュボード",
  keys: "キー",
  logs: "ログ",
  settings: "設定",
  language: "言語",
  theme: { label: "テーマ", system: "システム", light: "ライト", dark: "ダーク" },
  signOut: "サインアウト",
  away: "サーバーが応答しません。表示が古い可能性があります。復旧すると自動的に再開します。",
};

export default ja;
