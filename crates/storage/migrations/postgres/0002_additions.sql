-- What we add. Every column is nullable or has a default, so that GPT-Load 1.4.x still runs on the database.
ALTER TABLE groups ADD COLUMN enabled boolean NOT NULL DEFAULT true;
ALTER TABLE api_keys ADD COLUMN last_error text;
ALTER TABLE api_keys ADD COLUMN last_error_at timestamptz;
ALTER TABLE api_keys ADD COLUMN last_status bigint;
ALTER TABLE request_logs ADD COLUMN request_id varchar(36);
ALTER TABLE request_logs ADD COLUMN first_byte_ms bigint;
ALTER TABLE request_logs ADD COLUMN prompt_tokens bigint;
ALTER TABLE request_logs ADD COLUMN completion_tokens bigint;
ALTER TABLE request_logs ADD COLUMN cached_tokens bigint;
ALTER TABLE request_logs ADD COLUMN attempt bigint;
ALTER TABLE request_logs ADD COLUMN proxy_key_hash varchar(128);
ALTER TABLE group_hourly_stats ADD COLUMN prompt_tokens bigint NOT NULL DEFAULT 0;
ALTER TABLE group_hourly_stats ADD COLUMN completion_tokens bigint NOT NULL DEFAULT 0;
ALTER TABLE group_hourly_stats ADD COLUMN cached_tokens bigint NOT NULL DEFAULT 0;
CREATE TABLE key_cooldowns (key_id bigint NOT NULL, model varchar(255) NOT NULL DEFAULT '', until timestamptz NOT NULL, guessed boolean NOT NULL DEFAULT false, PRIMARY KEY (key_id, model));
CREATE TABLE spool_positions (spool_id varchar(36) NOT NULL, segment bigint NOT NULL, "offset" bigint NOT NULL, updated_at timestamptz NOT NULL, PRIMARY KEY (spool_id));
CREATE INDEX idx_request_logs_request_id ON request_logs (request_id) WHERE request_id IS NOT NULL;
CREATE INDEX idx_api_keys_group_status_last_used_id ON api_keys (group_id, status, last_used_at, id);
CREATE INDEX idx_api_keys_group_requests_id ON api_keys (group_id, request_count DESC NULLS LAST, id DESC);
CREATE INDEX idx_api_keys_group_failures_id ON api_keys (group_id, failure_count DESC NULLS LAST, id DESC);
CREATE INDEX idx_api_keys_notes ON api_keys (group_id, notes) WHERE notes <> '';
-- What the log is filtered by, newest first. Of a value that most rows have there is no index: they are found among the newest.
CREATE INDEX idx_request_logs_key_instant ON request_logs (key_hash, "timestamp");
CREATE INDEX idx_request_logs_source_instant ON request_logs (source_ip, "timestamp");
CREATE INDEX idx_request_logs_status_instant ON request_logs (status_code, "timestamp");
CREATE INDEX idx_request_logs_failed_instant ON request_logs ("timestamp") WHERE is_success = false;
CREATE INDEX idx_request_logs_retry_instant ON request_logs ("timestamp") WHERE request_type = 'retry';
CREATE INDEX idx_request_logs_error_instant ON request_logs ("timestamp") WHERE error_message <> '';
