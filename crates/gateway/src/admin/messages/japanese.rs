//! What the API says, in Japanese (`ja-JP`).

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
        Message::Success => "成功しました".to_owned(),
        Message::LoggedIn => "認証に成功しました".to_owned(),
        Message::Unauthorized => "管理キー（AUTH_KEY）がないか、間違っています".to_owned(),
        Message::TooManyFailures => {
            "このアドレスから間違った管理キーが何度も送られました。数秒待ってからやり直してください".to_owned()
        }
        Message::UnreadableBody(why) => format!("リクエスト本文を読み取れません：{why}"),
        Message::NotJson(why) => format!("リクエスト本文が JSON オブジェクトではありません：{why}"),
        Message::Unfit(why) => format!("リクエスト本文が正しくありません：{why}"),
        Message::NotAllowed { field, given, allowed } => {
            format!("{field}：{given} は使えません。{}", self::allowed(allowed))
        }
        Message::HeaderRule(fault) => header_rule(fault),
        Message::UnreadableUrl(why) => format!("リクエストのアドレスを読み取れません：{why}"),
        Message::GroupIdMissing => "group_id が必要です。グループの id を指定してください".to_owned(),
        Message::UnknownGroup(id) => format!("グループ {id} はありません"),
        Message::NoGroupNamed(name) => format!("グループ {name:?} はありません"),
        Message::UnknownKey(id) => format!("キー {id} はありません"),
        Message::NotFound => "見つかりません".to_owned(),
        Message::Taken(field) => format!("{field}：この値はすでに使われています"),
        Message::DatabaseFailed(why) => format!("データベースが処理できませんでした：{why}"),
        Message::DatabaseAway => {
            "データベースに接続できません。復旧するまでこの操作はできませんが、プロキシのリクエストは処理されています".to_owned()
        }
        Message::FileFailed(why) => format!("ファイルの書き込みまたは読み込みができませんでした：{why}"),
        Message::Backup(fault) => backup(fault),
        Message::GroupDeleted => "グループを削除しました".to_owned(),
        Message::GroupsReordered => "グループを並べ替えました".to_owned(),
        Message::SubGroupsAdded => "サブグループを追加しました".to_owned(),
        Message::WeightUpdated => "重みを更新しました".to_owned(),
        Message::SubGroupRemoved => "サブグループを外しました".to_owned(),
        Message::NotAggregate(id) => format!("グループ {id} は集約グループではないため、サブグループを持てません"),
        Message::NotStandard(id) => format!("グループ {id} は集約グループです。キーはサブグループのものです"),
        Message::NoKeys => "keys_text：キーが含まれていません".to_owned(),
        Message::TooManyKeys { given, limit } => {
            format!("keys_text：1 回の呼び出しに {given} 個のキーは多すぎます。最大 {limit} 個です")
        }
        Message::KeyNotInGroup => "このキーはグループにないか、復号できません".to_owned(),
        Message::KeysRestored(count) => format!("{count} 個のキーを復元しました"),
        Message::KeysCleared(count) => format!("{count} 個のキーを削除しました"),
        Message::NotesUpdated => "メモを更新しました".to_owned(),
        Message::SettingsUpdated => "設定を更新しました".to_owned(),
        Message::InvalidKeys => "無効なキー".to_owned(),
        Message::SuccessfulRequests => "成功したリクエスト".to_owned(),
        Message::FailedRequests => "失敗したリクエスト".to_owned(),
        Message::Key(key) => role(key),
        Message::WeakKey(key, weakness) => format!("{} {}", role(key), weak(*weakness)),
        Message::AgainstWeakness(weakness) => better(*weakness).to_owned(),
        Message::NoEncryptionKey => {
            "ENCRYPTION_KEY が設定されていません。プロバイダーのキーは平文で保存されます".to_owned()
        }
        Message::SetEncryptionKey => {
            "ENCRYPTION_KEY を 32 文字以上のランダムな文字列に設定し、gpt-load migrate-keys を実行してください"
                .to_owned()
        }
        Message::ProxyKeyIsAdminKey(key) => {
            format!("{}が AUTH_KEY と同じです。これを持つクライアントはすべての管理操作を行えます", role(key))
        }
        Message::UseOtherProxyKey => "クライアントには別のキーを渡し、このキーと置き換えてください".to_owned(),
        Message::RequestLog => "リクエストログ".to_owned(),
        Message::RowsDropped(rows) => {
            format!("起動してから、リクエストログ {rows} 件が空き容量の不足により破棄されました")
        }
        Message::AgainstDroppedRows => {
            "データベースが応答しているか、データディレクトリのディスクに空きがあるかを確認してください。統計には数えられています".to_owned()
        }
        Message::Mismatch(scenario) => mismatch(*scenario).to_owned(),
        Message::AgainstMismatch(scenario) => against(*scenario).to_owned(),
        Message::WrongProxyKey => {
            "プロキシキーがないか、ここで使えるグループがありません。?key= で指定してください".to_owned()
        }
        Message::TaskInProgress => "別のタスクを実行中です。終わるまでお待ちください".to_owned(),
        Message::TaskBrokenOff { cause, kind, node, done, total } => {
            format!("{}（{total} 件中 {done} 件完了）。{}", broken_off(*cause, node), go_on(*kind))
        }
        Message::NothingToValidate => "status：このグループにはテストするキーがありません".to_owned(),
        Message::NoKeyToCallWith => {
            "このグループには呼び出しに使えるキーがありません。無効にしたキーは使われません".to_owned()
        }
        Message::UpstreamFailed(why) => format!("プロバイダーから使える応答がありませんでした：{why}"),
    }
}

fn allowed(allowed: &Allowed) -> String {
    match allowed {
        Allowed::WholeNumber(min, max) => format!("{min} から {max} までの整数を指定してください"),
        Allowed::TrueOrFalse => "true または false を指定してください".to_owned(),
        Allowed::String => "文字列を指定してください".to_owned(),
        Allowed::NotEmpty => "空にはできません".to_owned(),
        Allowed::EitherOf(one, other) => format!("{one} と {other} のどちらか一方を指定してください"),
        Allowed::AtMostChars(max) => format!("最大 {max} 文字です"),
        Allowed::OneOf(words) => format!("次のいずれかを指定してください：{}", words.join("、")),
        Allowed::GroupId => "グループの id を指定してください".to_owned(),
        Allowed::KeyFile => "キーを含む UTF-8 のテキストファイルを指定してください".to_owned(),
        Allowed::Setting => format!("設定は次のとおりです：{}", setting_keys(false)),
        Allowed::GroupSetting => format!("グループで上書きできる設定は次のとおりです：{}", setting_keys(true)),
        Allowed::Url(schemes) => {
            format!("次のいずれかで始まる、ホストのある絶対 URL を指定してください：{}", schemes.join("、"))
        }
        Allowed::Statuses(part) => format!(
            "{part:?} はステータスでもその範囲でもありません。100 から 999 までをカンマ区切りで指定してください。例：404,429,500-599"
        ),
        Allowed::GroupName => "a-z、0-9、-、_ からなる 1 から 100 文字を指定してください".to_owned(),
        Allowed::Model => "すべてのキーで使えるモデルの名前を指定してください".to_owned(),
        Allowed::Endpoint => {
            "/v1/chat/completions のようにスラッシュで始まるパスを指定するか、空にしてください".to_owned()
        }
        Allowed::ModelPair => "空でないモデル名を 2 つ指定してください".to_owned(),
        Allowed::NoRedirects => "集約グループには設定できません。サブグループに設定してください".to_owned(),
        Allowed::SomeUpstream => "アップストリームが少なくとも 1 つ必要です".to_owned(),
        Allowed::UrlWithoutLogin => {
            "URL にユーザー名やパスワードは含められません。認証情報はヘッダールールに設定してください".to_owned()
        }
        Allowed::UpstreamUrl => "クエリのない http または https の絶対 URL を指定してください".to_owned(),
        Allowed::SomeWeight => "少なくとも 1 つのアップストリームの重みを 0 より大きくしてください".to_owned(),
        Allowed::SomeSubGroup => "group_id と重みの組が少なくとも 1 つ必要です".to_owned(),
        Allowed::StandardGroups => "標準グループだけです。集約グループはサブグループにできません".to_owned(),
        Allowed::SameChannel(channel) => {
            format!("集約グループと同じチャネルタイプのグループを指定してください：{}", channel.as_str())
        }
        Allowed::SameEndpoint(path) => {
            format!("ほかのサブグループと同じ検証エンドポイントのグループを指定してください：{path}")
        }
        Allowed::SameKind(kind) => format!("変更できません。{} のままです", kind.as_str()),
        Allowed::NoChangeWhileLinked => {
            "集約グループまたはサブグループとしてほかのグループと結び付いている間は変更できません".to_owned()
        }
    }
}

fn header_rule(fault: &HeaderRuleError) -> String {
    match fault {
        HeaderRuleError::Name(name) => {
            format!("ヘッダールール `{name}`：ヘッダー名には 1 文字以上の英字、数字、!#$%&'*+-.^_`|~ だけを使えます")
        }
        HeaderRuleError::Reserved(name) => format!(
            "ヘッダールール `{name}`：このヘッダーはゲートウェイ自身が設定します。ルールで変更できないもの：{}",
            RESERVED.join("、")
        ),
        HeaderRuleError::Value(name) => {
            format!("ヘッダールール `{name}`：値に改行などの制御文字が含まれています。表示できる文字だけを使えます")
        }
    }
}

fn broken_off(cause: BrokenOff, node: &str) -> String {
    match cause {
        BrokenOff::Stopped => format!("タスクの実行中にノード {node} が停止されました"),
        BrokenOff::Silent => {
            format!("タスクを実行していたノード {node} が異常終了したか、データベースから切り離されました")
        }
        BrokenOff::DatabaseAway => format!("タスクを実行していたノード {node} がデータベースに接続できませんでした"),
    }
}

fn go_on(kind: Kind) -> &'static str {
    match kind {
        Kind::Idle => "",
        Kind::Import => "同じキーをもう一度追加してください。グループに既にあるキーは飛ばされます",
        Kind::Delete => "同じキーをもう一度削除してください。既に削除されたキーは飛ばされます",
        Kind::Validation => "検証をもう一度開始してください。すべてのキーを改めてテストします",
    }
}

fn role(role: &KeyRole) -> String {
    match role {
        KeyRole::Admin => "AUTH_KEY".to_owned(),
        KeyRole::Encryption => "ENCRYPTION_KEY".to_owned(),
        KeyRole::Proxy { number } => format!("グローバルプロキシキー #{number}"),
        KeyRole::GroupProxy { group, number } => format!("グループ [{group}] のプロキシキー #{number}"),
    }
}

fn weak(weakness: Weakness) -> String {
    match weakness {
        Weakness::TooShort(chars) => format!("は {chars} 文字しかなく、推測されるおそれがあります"),
        Weakness::Short(chars) => format!("は {chars} 文字しかありません"),
        Weakness::CommonWord(word) => format!("にはよくある語「{word}」が含まれています"),
        Weakness::FewKinds => "は文字の種類が少なすぎます".to_owned(),
    }
}

fn better(weakness: Weakness) -> &'static str {
    match weakness {
        Weakness::TooShort(_) => "16 文字以上、できれば 32 文字を使ってください",
        Weakness::Short(_) => "32 文字以上を使ってください",
        Weakness::CommonWord(_) => "よくある語を含まないランダムな文字列を使ってください",
        Weakness::FewKinds => "大文字、小文字、数字、その他の文字を混ぜてください",
    }
}

fn mismatch(scenario: Scenario) -> &'static str {
    match scenario {
        Scenario::DataNotEncrypted => {
            "ENCRYPTION_KEY が設定されていますが、データベースにあるプロバイダーのキーは平文です"
        }
        Scenario::KeyNotConfigured => {
            "データベースにあるプロバイダーのキーは暗号化されていますが、ENCRYPTION_KEY が設定されていないため使えません"
        }
        Scenario::KeyMismatch => {
            "データベースにあるプロバイダーのキーは別の ENCRYPTION_KEY で暗号化されているため使えません"
        }
    }
}

fn against(scenario: Scenario) -> &'static str {
    match scenario {
        Scenario::DataNotEncrypted => {
            "サーバーを止めてキーを暗号化してください：gpt-load migrate-keys --to ENCRYPTION_KEY"
        }
        Scenario::KeyNotConfigured => "暗号化に使った ENCRYPTION_KEY でサーバーを起動してください",
        Scenario::KeyMismatch => {
            "暗号化に使った ENCRYPTION_KEY でサーバーを起動するか、gpt-load migrate-keys で変更してください"
        }
    }
}

fn backup(fault: &BackupFault) -> String {
    match fault {
        BackupFault::NoBackup => "これは GPT-Load のバックアップではありません".to_owned(),
        BackupFault::TooNew { found, known } => format!(
            "バックアップのバージョンは {found} ですが、このプログラムが扱えるのは {known} までです：新しい GPT-Load を使用してください"
        ),
        BackupFault::NoPassphrase => {
            "パスフレーズが必要です：ヘッダー X-Backup-Passphrase で指定するか、plain=true を指定してください"
                .to_owned()
        }
        BackupFault::WrongPassphrase => "パスフレーズが違うか、バックアップが変更されています".to_owned(),
        BackupFault::Damaged { line, reason } => format!("バックアップの {line} 行目が壊れています：{reason}"),
        BackupFault::Cut { line } => format!("バックアップが不完全です：{line} 行目の後で途切れています"),
        BackupFault::UnreadableKeys => {
            "現在の ENCRYPTION_KEY ではデータベースのキーを読み取れません：バックアップにキーが含まれません".to_owned()
        }
        BackupFault::Taken(names) => {
            format!("バックアップの {} 個のグループは既に存在します：{}", names.len(), listed(names))
        }
    }
}
