import type { Like } from "@/locales/types";

import type en from "./en";

const ja: Like<typeof en> = {
  title: "{group} に接続",
  about: "クライアントには、このアドレスと、プロバイダーのキーの代わりにプロキシキーを設定します。",
  base: "ベースアドレス",
  key: "プロキシキー",
  own: "このグループのみ",
  global: "すべてのグループ",
  copyKey: "キーをコピー",
  show: "キーを表示",
  noKey: "このグループで使えるプロキシキーがありません。グループに設定するか、設定画面で共通のプロキシキーを追加してください。",
  clients: "クライアント",
  copy: "コピー",
  note: "キーは x-api-key、x-goog-api-key、api-key、?key= でも渡せます。あるアカウントに保存されたもの（ファイル、バッチ、以前の応答）は他のアカウントからは見えません。そのような作業はキーが 1 つのグループで行ってください。",
  try: "{group} を試す",
  tryAbout: "テスト用モデル {model} と次のキーで実際に 1 回呼び出します。ごくわずかな費用がかかることがあります。",
  again: "もう一度呼び出す",
  answered: "{time} 後に {status}（キー {key}）",
  unanswered: "{time} 待っても応答なし（キー {key}）",
  request: "プロバイダーへ送信",
  response: "応答",
};

export default ja;
