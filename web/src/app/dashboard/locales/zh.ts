import type { Like } from "@/locales/types";

import type en from "./en";

const zh: Like<typeof en> = {
  first: "分组把同一服务商的多个密钥集中到一个地址之后。创建分组、添加密钥，然后接入客户端。",
  usable: "可用密钥",
  ofKeys: "共 {total}",
  nextIn: "下次恢复",
  rpm: "每分钟请求数",
  rpmOver: "最近 10 分钟平均",
  requests: "24 小时请求数",
  errorRate: "24 小时错误率",
  trend: { more: "比之前多 {value}", less: "比之前少 {value}", same: "与之前持平", points: "{value} 个百分点" },
  chart: {
    title: "请求",
    ofGroup: "{group} 的请求",
    group: "分组",
    all: "全部分组",
    range: "范围",
    succeeded: "成功",
    failed: "失败",
    hours: "按小时",
    days: "按天",
    summary: "{title}：成功 {succeeded}，失败 {failed}",
  },
  range: { "24h": "24 小时", "7d": "7 天", "30d": "30 天" },
  ranking: {
    title: "分组",
    by: "排序",
    traffic: "按请求数",
    errors: "按失败数",
    group: "分组",
    requests: "请求",
    failures: "失败",
    rate: "失败率",
    course: "走势",
    aggregate: "聚合",
    none: "还没有分组收到请求",
    noneText: "分组页面上的“接入”会列出客户端调用所需的信息。",
    create: "打开分组",
  },
};

export default zh;
