import type { Like } from "@/locales/types";

import type en from "./en";

const ja: Like<typeof en> = {
  first: "グループは 1 つのプロバイダーのキーを 1 つのアドレスにまとめます。グループを作り、キーを追加して、クライアントを接続してください。",
  usable: "使えるキー",
  ofKeys: "全 {total}",
  nextIn: "次の復帰まで",
  rpm: "毎分のリクエスト",
  rpmOver: "直近 10 分の平均",
  requests: "24 時間のリクエスト",
  errorRate: "24 時間のエラー率",
  trend: { more: "以前より {value} 増", less: "以前より {value} 減", same: "以前と同じ", points: "{value} ポイント" },
  chart: {
    title: "リクエスト",
    ofGroup: "{group} のリクエスト",
    group: "グループ",
    all: "すべてのグループ",
    range: "期間",
    succeeded: "成功",
    failed: "失敗",
    hours: "1 時間ごと",
    days: "1 日ごと",
    summary: "{title}：成功 {succeeded}、失敗 {failed}",
  },
  range: { "24h": "24 時間", "7d": "7 日", "30d": "30 日" },
  ranking: {
    title: "グループ",
    by: "並び順",
    traffic: "リクエスト順",
    errors: "失敗順",
    group: "グループ",
    requests: "リクエスト",
    failures: "失敗",
    rate: "失敗率",
    course: "推移",
    aggregate: "集約",
    none: "まだリクエストを受けたグループがありません",
    noneText: "グループのページの「接続」に、クライアントが呼び出すための情報があります。",
    create: "グループを開く",
  },
};

export default ja;
