import type { Like } from "@/locales/types";

import type en from "./en";

const ja: Like<typeof en> = {
  title: "タスク",
  running: {
    KEY_IMPORT: "{group} にキーをインポートしています",
    KEY_DELETE: "{group} のキーを削除しています",
    KEY_VALIDATION: "{group} のキーを検証しています",
  },
  done: "{done} / {total}",
  rate: "毎秒 {rate} 件",
  left: "残り {time}",
  ended: {
    imported: "{group} にインポートしました：追加 {added_count} 件、除外 {ignored_count} 件",
    deleted: "{group} から {deleted_count} 件のキーを削除しました。{ignored_count} 件は見つかりませんでした",
    validated: "{group} を検証しました：{total_keys} 件中、成功 {valid_keys} 件、失敗 {invalid_keys} 件",
  },
  failed: "{group} のタスクが中断しました：{error}",
  took: "所要時間 {time}",
  report: "除外された項目",
  ignored: {
    title: "除外された項目",
    text: "前回のインポートで取り込まれなかった項目（最初の 1,000 件まで）。",
    line: "行",
    key: "キー",
    reason: "理由",
    blank: "空白",
    repeated_in_text: "同じテキスト内で重複",
    already_in_group: "グループに登録済み",
  },
};

export default ja;
