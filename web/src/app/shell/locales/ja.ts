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
  shortcuts: {
    title: "キーボード操作",
    dashboard: "ダッシュボード",
    keys: "キー",
    logs: "ログ",
    settings: "設定",
    search: "検索",
    down: "次の行",
    up: "前の行",
    open: "行を開く",
    select: "行を選択",
    close: "開いているものを閉じる",
    help: "このヘルプ",
  },
  away: "サーバーが応答しません。表示が古い可能性があります。復旧すると自動的に再開します。",
  lacking: {
    database:
      "データベースが応答しません。リクエストはメモリ上のデータで処理を続け、ログはディスクに蓄えられます。復旧するまで変更はできず、数値も更新されません。",
    redis: "Redis が応答しません。リクエストは通常どおり処理されます。復旧するまで、ノード間の変更はデータベース経由で数秒遅れて伝わります。",
  },
};

export default ja;
