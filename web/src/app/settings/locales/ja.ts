import type { Like } from "@/locales/types";

import type en from "./en";

const ja: Like<typeof en> = {
  title: "設定",
  state: "保存するとすべてのノードですぐに有効になります。多くはグループごとに上書きできます。",
  search: "設定を検索",
  nothing: "「{q}」に関する設定はありません",
  notSaved: "未保存",
  changed: "変更済み",
  on: "オン",
  off: "オフ",
  empty: "空",
  needed: "空にはできません",
  default: "既定値 {value}",
  limits: "{min}～{max}",
  perGroup: "グループごとに上書き可",
  reset: "既定値に戻す",
  undo: "元に戻す",
  unsaved: "{count} 件の設定が未保存です",
  save: "{count} 件の設定を保存",
  discard: "破棄",
  unit: { seconds: "秒", minutes: "分", days: "日", percent: "%" },
  leave: { title: "保存せずに移動しますか？", text: "次の変更が失われます。", action: "{count} 件の変更を破棄" },
  proxyKeys: {
    label: "プロキシキー",
    one: "プロキシキー",
    none: "キーが少なくとも 1 つ必要です",
    type: "キーを入力または貼り付け",
    add: "キーを追加",
    generate: "キーを生成",
    remove: "{key} を削除",
  },
};

export default ja;
