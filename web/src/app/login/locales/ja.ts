import type { Like } from "@/locales/types";

import type en from "./en";

const ja: Like<typeof en> = {
  title: "サインイン",
  heading: "GPT-Load",
  text: "このサーバーの AUTH_KEY でサインインします。",
  key: "AUTH_KEY",
  enter: "サインイン",
  show: "キーを表示",
  hide: "キーを隠す",
  wrong: "このサーバーの AUTH_KEY ではありません。サーバーの .env ファイルまたは環境変数にあります。",
  away: "サーバーが応答しません。起動していることを確認して、もう一度お試しください。",
};

export default ja;
