//! What the API says, in Chinese (`zh-CN`).

use domain::allowed::{Allowed, setting_keys};
use domain::rewrite::headers::{HeaderRuleError, RESERVED};
use domain::weakness::Weakness;
use storage::backup::{BackupFault, listed};
use storage::keys::Scenario;

use super::{KeyRole, Message};
use crate::tasks::{BrokenOff, Kind};

/// A message as a sentence.
pub fn text(message: &Message) -> String {
    match message {
        Message::Success => "操作成功".to_owned(),
        Message::LoggedIn => "身份验证成功".to_owned(),
        Message::Unauthorized => "管理密钥（AUTH_KEY）缺失或错误".to_owned(),
        Message::TooManyFailures => "此地址多次使用了错误的管理密钥：请等待几秒后重试".to_owned(),
        Message::UnreadableBody(why) => format!("无法读取请求体：{why}"),
        Message::NotJson(why) => format!("请求体不是 JSON 对象：{why}"),
        Message::Unfit(why) => format!("请求体不符合要求：{why}"),
        Message::NotAllowed { field, given, allowed } => format!("{field}：不允许 {given}；{}", self::allowed(allowed)),
        Message::HeaderRule(fault) => header_rule(fault),
        Message::UnreadableUrl(why) => format!("无法读取请求地址：{why}"),
        Message::GroupIdMissing => "缺少 group_id：请提供分组的 id".to_owned(),
        Message::UnknownGroup(id) => format!("分组 {id} 不存在"),
        Message::NoGroupNamed(name) => format!("分组 {name:?} 不存在"),
        Message::UnknownKey(id) => format!("密钥 {id} 不存在"),
        Message::NotFound => "未找到".to_owned(),
        Message::Taken(field) => format!("{field}：该值已被使用"),
        Message::DatabaseFailed(why) => format!("数据库未能完成操作：{why}"),
        Message::DatabaseAway => "数据库当前不可用：恢复后才能执行此操作；代理请求仍照常处理".to_owned(),
        Message::FileFailed(why) => format!("文件无法写入或读取：{why}"),
        Message::Backup(fault) => backup(fault),
        Message::GroupDeleted => "分组已删除".to_owned(),
        Message::GroupsReordered => "分组顺序已更新".to_owned(),
        Message::SubGroupsAdded => "子分组已添加".to_owned(),
        Message::WeightUpdated => "权重已更新".to_owned(),
        Message::SubGroupRemoved => "子分组已移除".to_owned(),
        Message::NotAggregate(id) => format!("分组 {id} 不是聚合分组，不能有子分组"),
        Message::NotStandard(id) => format!("分组 {id} 是聚合分组，它的密钥就是各子分组的密钥"),
        Message::NoKeys => "keys_text：其中没有密钥".to_owned(),
        Message::TooManyKeys { given, limit } => {
            format!("keys_text：{given} 个密钥超过了单次调用的上限；最多允许 {limit} 个")
        }
        Message::KeyNotInGroup => "此密钥不在该分组中，或无法解密".to_owned(),
        Message::KeysRestored(count) => format!("已恢复 {count} 个密钥"),
        Message::KeysCleared(count) => format!("已清除 {count} 个密钥"),
        Message::NotesUpdated => "备注已更新".to_owned(),
        Message::SettingsUpdated => "设置已更新".to_owned(),
        Message::InvalidKeys => "失效密钥".to_owned(),
        Message::SuccessfulRequests => "成功请求".to_owned(),
        Message::FailedRequests => "失败请求".to_owned(),
        Message::Key(key) => role(key),
        Message::WeakKey(key, weakness) => format!("{}{}", role(key), weak(*weakness)),
        Message::AgainstWeakness(weakness) => better(*weakness).to_owned(),
        Message::NoEncryptionKey => "未设置 ENCRYPTION_KEY：供应商密钥以明文保存".to_owned(),
        Message::SetEncryptionKey => {
            "请将 ENCRYPTION_KEY 设为至少 32 个字符的随机文本，并运行 gpt-load migrate-keys".to_owned()
        }
        Message::ProxyKeyIsAdminKey(key) => {
            format!("{}与 AUTH_KEY 相同：持有它的客户端可以执行所有管理操作", role(key))
        }
        Message::UseOtherProxyKey => "请为客户端换用另一个密钥，并替换此密钥".to_owned(),
        Message::RequestLog => "请求日志".to_owned(),
        Message::RowsDropped(rows) => format!("自启动以来，有 {rows} 条请求日志因空间不足而被丢弃"),
        Message::AgainstDroppedRows => "请检查数据库是否可用、数据目录所在磁盘是否有空间；统计数据不受影响".to_owned(),
        Message::Mismatch(scenario) => mismatch(*scenario).to_owned(),
        Message::AgainstMismatch(scenario) => against(*scenario).to_owned(),
        Message::WrongProxyKey => "代理密钥缺失，或不能访问这里的任何分组：请用 ?key= 提供".to_owned(),
        Message::TaskInProgress => "另一个任务正在运行：请等待其结束".to_owned(),
        Message::TaskBrokenOff { cause, kind, node, done, total } => {
            format!("{}：已完成 {done}/{total}。{}", broken_off(*cause, node), go_on(*kind))
        }
        Message::NothingToValidate => "status：该分组没有可测试的密钥".to_owned(),
        Message::NoKeyToCallWith => "该分组没有可用于调用的密钥：已停用的密钥不会被使用".to_owned(),
        Message::UpstreamFailed(why) => format!("上游没有给出可用的响应：{why}"),
    }
}

fn allowed(allowed: &Allowed) -> String {
    match allowed {
        Allowed::WholeNumber(min, max) => format!("应为 {min} 到 {max} 的整数"),
        Allowed::TrueOrFalse => "应为 true 或 false".to_owned(),
        Allowed::String => "应为字符串".to_owned(),
        Allowed::NotEmpty => "不能为空".to_owned(),
        Allowed::EitherOf(one, other) => format!("{one} 与 {other} 必须且只能给出一个"),
        Allowed::AtMostChars(max) => format!("最多 {max} 个字符"),
        Allowed::OneOf(words) => format!("应为其中之一：{}", words.join("、")),
        Allowed::GroupId => "应为分组的 id".to_owned(),
        Allowed::KeyFile => "应为包含密钥的 UTF-8 文本文件".to_owned(),
        Allowed::Setting => format!("可用的设置有：{}", setting_keys(false)),
        Allowed::GroupSetting => format!("分组可以覆盖的设置有：{}", setting_keys(true)),
        Allowed::Url(schemes) => format!("应为带主机名的绝对 URL，以其中之一开头：{}", schemes.join("、")),
        Allowed::Statuses(part) => {
            format!("{part:?} 既不是状态码也不是状态码范围；允许 100 到 999，以逗号分隔，例如 404,429,500-599")
        }
        Allowed::GroupName => "应为 1 到 100 个字符，只能包含 a-z、0-9、- 和 _".to_owned(),
        Allowed::Model => "应为每个密钥都能使用的模型名称".to_owned(),
        Allowed::Endpoint => "应为以斜杠开头的路径，例如 /v1/chat/completions，或留空".to_owned(),
        Allowed::ModelPair => "应为两个模型名称，都不能为空".to_owned(),
        Allowed::NoRedirects => "聚合分组不能有重定向规则，请在其子分组上设置".to_owned(),
        Allowed::SomeUpstream => "至少需要一个上游".to_owned(),
        Allowed::UrlWithoutLogin => "URL 中不能有用户名或密码：凭据请写在请求头规则中".to_owned(),
        Allowed::UpstreamUrl => "应为不带查询参数的 http 或 https 绝对 URL".to_owned(),
        Allowed::SomeWeight => "至少一个上游的权重必须大于 0".to_owned(),
        Allowed::SomeSubGroup => "至少需要一个 group_id 及其权重".to_owned(),
        Allowed::StandardGroups => "只能是标准分组：聚合分组不能作为子分组".to_owned(),
        Allowed::SameChannel(channel) => format!("应为与聚合分组渠道类型相同的分组：{}", channel.as_str()),
        Allowed::SameEndpoint(path) => format!("应为与其他子分组验证端点相同的分组：{path}"),
        Allowed::SameKind(kind) => format!("不能更改，仍为 {}", kind.as_str()),
        Allowed::NoChangeWhileLinked => "该分组作为聚合分组或子分组与其他分组关联时不能更改".to_owned(),
    }
}

fn header_rule(fault: &HeaderRuleError) -> String {
    match fault {
        HeaderRuleError::Name(name) => {
            format!("请求头规则 `{name}`：请求头名称由一个或多个字母、数字或 !#$%&'*+-.^_`|~ 中的字符组成")
        }
        HeaderRuleError::Reserved(name) => {
            format!("请求头规则 `{name}`：此请求头由网关自行设置；规则不能更改 {}", RESERVED.join("、"))
        }
        HeaderRuleError::Value(name) => {
            format!("请求头规则 `{name}`：其值含有换行或其他控制字符；只允许可打印的文本")
        }
    }
}

fn broken_off(cause: BrokenOff, node: &str) -> String {
    match cause {
        BrokenOff::Stopped => format!("节点 {node} 在运行任务时被停止"),
        BrokenOff::Silent => format!("运行任务的节点 {node} 已崩溃，或与数据库断开"),
        BrokenOff::DatabaseAway => format!("运行任务的节点 {node} 无法连接数据库"),
    }
}

fn go_on(kind: Kind) -> &'static str {
    match kind {
        Kind::Idle => "",
        Kind::Import => "请再次添加相同的密钥：分组中已有的会被跳过",
        Kind::Delete => "请再次删除相同的密钥：已删除的会被跳过",
        Kind::Validation => "请重新开始验证：所有密钥会再测试一次",
    }
}

fn role(role: &KeyRole) -> String {
    match role {
        KeyRole::Admin => "AUTH_KEY".to_owned(),
        KeyRole::Encryption => "ENCRYPTION_KEY".to_owned(),
        KeyRole::Proxy { number } => format!("全局代理密钥 #{number}"),
        KeyRole::GroupProxy { group, number } => format!("分组 [{group}] 的代理密钥 #{number}"),
    }
}

fn weak(weakness: Weakness) -> String {
    match weakness {
        Weakness::TooShort(chars) => format!(" 只有 {chars} 个字符，可能被猜中"),
        Weakness::Short(chars) => format!(" 只有 {chars} 个字符"),
        Weakness::CommonWord(word) => format!(" 含有常见词“{word}”"),
        Weakness::FewKinds => " 的字符种类过少".to_owned(),
    }
}

fn better(weakness: Weakness) -> &'static str {
    match weakness {
        Weakness::TooShort(_) => "请使用至少 16 个字符，最好 32 个",
        Weakness::Short(_) => "请使用至少 32 个字符",
        Weakness::CommonWord(_) => "请使用不含常见词的随机文本",
        Weakness::FewKinds => "请混合使用大写字母、小写字母、数字和其他字符",
    }
}

fn mismatch(scenario: Scenario) -> &'static str {
    match scenario {
        Scenario::DataNotEncrypted => "已设置 ENCRYPTION_KEY，但数据库中的供应商密钥是明文",
        Scenario::KeyNotConfigured => "数据库中的供应商密钥已加密，但未设置 ENCRYPTION_KEY：这些密钥无法使用",
        Scenario::KeyMismatch => "数据库中的供应商密钥是用另一个 ENCRYPTION_KEY 加密的：这些密钥无法使用",
    }
}

fn against(scenario: Scenario) -> &'static str {
    match scenario {
        Scenario::DataNotEncrypted => "请停止服务并加密这些密钥：gpt-load migrate-keys --to ENCRYPTION_KEY",
        Scenario::KeyNotConfigured => "请使用加密时所用的 ENCRYPTION_KEY 启动服务",
        Scenario::KeyMismatch => "请使用加密时所用的 ENCRYPTION_KEY 启动服务，或用 gpt-load migrate-keys 更换它",
    }
}

fn backup(fault: &BackupFault) -> String {
    match fault {
        BackupFault::NoBackup => "这不是 GPT-Load 的备份文件".to_owned(),
        BackupFault::TooNew { found, known } => {
            format!("备份的版本为 {found}，本程序最高支持版本 {known}：请使用更新的 GPT-Load")
        }
        BackupFault::NoPassphrase => {
            "需要密码：请通过请求头 X-Backup-Passphrase 提供，或使用 plain=true 导出明文".to_owned()
        }
        BackupFault::WrongPassphrase => "密码错误，或备份已被修改".to_owned(),
        BackupFault::Damaged { line, reason } => format!("备份的第 {line} 行已损坏：{reason}"),
        BackupFault::Cut { line } => format!("备份不完整：在第 {line} 行之后中断"),
        BackupFault::UnreadableKeys => "当前的 ENCRYPTION_KEY 无法读取数据库中的密钥：备份将缺少这些密钥".to_owned(),
        BackupFault::Taken(names) => format!("备份中有 {} 个分组已存在：{}", names.len(), listed(names)),
    }
}
