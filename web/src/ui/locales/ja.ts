import type { Like } from "@/locales/types";

import type en from "./en";

const ja: Like<typeof en> = {
  close: "閉じる",
  cancel: "キャンセル",
  save: "保存",
  dismiss: "通知を閉じる",
  retry: "再試行",
  loading: "読み込み中",
  failed: "読み込めませんでした",
  nothingFound: "該当なし",
  chosen: "選択中",
  state: { active: "有効", cooling: "休止中", invalid: "無効", disabled: "停止" },
  copy: { copy: "コピー", what: "{what}をコピー", done: "コピーしました", failed: "ブラウザーがコピーを許可していません。テキストを選択してコピーしてください" },
  secret: { show: "表示", hide: "隠す" },
  confirm: { typeName: "続けるには「{name}」と入力してください" },
  number: { missing: "数値を入力してください", atLeast: "{min} 以上の整数", between: "{min} から {max} までの整数" },
  pager: { label: "表のページ", none: "0 件", range: "{total} 件中 {first}–{last} 件", about: "約 {total}", previous: "前のページ", next: "次のページ" },
  table: { select: "この行を選択", selectAll: "このページの行をすべて選択", sortBy: "{column}で並べ替え", empty: "項目がありません" },
};

export default ja;
