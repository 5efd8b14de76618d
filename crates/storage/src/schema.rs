//! Names of tables and columns.

use sea_query::Iden;

/// The tables that grow with use.
pub(crate) const TABLES: [&str; 5] = ["groups", "api_keys", "key_cooldowns", "request_logs", "group_hourly_stats"];

#[derive(Clone, Copy, Iden)]
pub(crate) enum SystemSettings {
    Table,
    SettingKey,
    SettingValue,
    Description,
    CreatedAt,
    UpdatedAt,
}

#[derive(Clone, Copy, Iden)]
pub(crate) enum Groups {
    Table,
    Id,
    Name,
    DisplayName,
    ProxyKeys,
    Description,
    GroupType,
    Upstreams,
    ValidationEndpoint,
    ChannelType,
    Sort,
    TestModel,
    ParamOverrides,
    Config,
    HeaderRules,
    ModelRedirectRules,
    ModelRedirectStrict,
    LastValidatedAt,
    Enabled,
    CreatedAt,
    UpdatedAt,
}

#[derive(Clone, Copy, Iden)]
pub(crate) enum GroupSubGroups {
    Table,
    GroupId,
    SubGroupId,
    Weight,
    CreatedAt,
    UpdatedAt,
}

#[derive(Clone, Copy, Iden)]
pub(crate) enum ApiKeys {
    Table,
    Id,
    KeyValue,
    KeyHash,
    GroupId,
    Status,
    Notes,
    RequestCount,
    FailureCount,
    LastUsedAt,
    LastError,
    LastErrorAt,
    LastStatus,
    CreatedAt,
    UpdatedAt,
}

#[derive(Clone, Copy, Iden)]
pub(crate) enum KeyCooldowns {
    Table,
    KeyId,
    Model,
    Until,
    Guessed,
}

#[derive(Clone, Copy, PartialEq, Eq, Iden)]
pub(crate) enum RequestLogs {
    Table,
    Id,
    Timestamp,
    GroupId,
    GroupName,
    ParentGroupId,
    ParentGroupName,
    KeyValue,
    KeyHash,
    Model,
    IsSuccess,
    SourceIp,
    StatusCode,
    RequestPath,
    Duration,
    ErrorMessage,
    UserAgent,
    RequestType,
    UpstreamAddr,
    IsStream,
    RequestBody,
    RequestId,
    FirstByteMs,
    PromptTokens,
    CompletionTokens,
    CachedTokens,
    Attempt,
    ProxyKeyHash,
    BegunMs,
    Outcome,
    RestMs,
}

#[derive(Clone, Copy, Iden)]
pub(crate) enum GroupHourlyStats {
    Table,
    Time,
    GroupId,
    SuccessCount,
    FailureCount,
    PromptTokens,
    CompletionTokens,
    CachedTokens,
    CreatedAt,
    UpdatedAt,
}

#[derive(Clone, Copy, Iden)]
pub(crate) enum SpoolPositions {
    Table,
    SpoolId,
    Segment,
    Offset,
    UpdatedAt,
}

#[derive(Clone, Copy, Iden)]
pub(crate) enum NodeTasks {
    Table,
    Name,
    Holder,
    Number,
    SeenAt,
    Reported,
    Report,
    Ignored,
}

#[derive(Clone, Copy, Iden)]
pub(crate) enum NodeLease {
    Table,
    Name,
    Holder,
    HolderName,
    Token,
    ExpiresAt,
}

#[derive(Clone, Copy, Iden)]
pub(crate) enum NodeChanges {
    Table,
    Id,
    Node,
    CreatedAt,
    Notice,
}

#[derive(Clone, Copy, Iden)]
pub(crate) enum DatabaseIds {
    Table,
    Id,
}
