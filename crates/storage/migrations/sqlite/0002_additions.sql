-- What we add. Every column is nullable or has a default, so that GPT-Load 1.4.x still runs on the database.
ALTER TABLE `groups` ADD COLUMN `enabled` numeric NOT NULL DEFAULT true;
ALTER TABLE `api_keys` ADD COLUMN `last_error` text;
ALTER TABLE `api_keys` ADD COLUMN `last_error_at` datetime;
ALTER TABLE `api_keys` ADD COLUMN `last_status` integer;
ALTER TABLE `request_logs` ADD COLUMN `request_id` varchar(36);
ALTER TABLE `request_logs` ADD COLUMN `first_byte_ms` integer;
ALTER TABLE `request_logs` ADD COLUMN `prompt_tokens` integer;
ALTER TABLE `request_logs` ADD COLUMN `completion_tokens` integer;
ALTER TABLE `request_logs` ADD COLUMN `cached_tokens` integer;
ALTER TABLE `request_logs` ADD COLUMN `attempt` integer;
ALTER TABLE `request_logs` ADD COLUMN `proxy_key_hash` varchar(128);
ALTER TABLE `request_logs` ADD COLUMN `begun_ms` integer;
ALTER TABLE `request_logs` ADD COLUMN `outcome` varchar(32);
ALTER TABLE `request_logs` ADD COLUMN `rest_ms` integer;
ALTER TABLE `group_hourly_stats` ADD COLUMN `prompt_tokens` integer NOT NULL DEFAULT 0;
ALTER TABLE `group_hourly_stats` ADD COLUMN `completion_tokens` integer NOT NULL DEFAULT 0;
ALTER TABLE `group_hourly_stats` ADD COLUMN `cached_tokens` integer NOT NULL DEFAULT 0;
CREATE TABLE `key_cooldowns` (`key_id` integer NOT NULL,`model` varchar(255) NOT NULL DEFAULT '',`until` datetime NOT NULL,`guessed` numeric NOT NULL DEFAULT false,PRIMARY KEY (`key_id`,`model`));
CREATE TABLE `spool_positions` (`spool_id` varchar(36) NOT NULL,`segment` integer NOT NULL,`offset` integer NOT NULL,`updated_at` datetime NOT NULL,PRIMARY KEY (`spool_id`));
CREATE TABLE `node_lease` (`name` varchar(32) NOT NULL,`holder` varchar(36) NOT NULL DEFAULT '',`holder_name` varchar(255) NOT NULL DEFAULT '',`token` integer NOT NULL DEFAULT 0,`expires_at` integer NOT NULL DEFAULT 0,PRIMARY KEY (`name`));
INSERT INTO `node_lease` (`name`) VALUES ('leader');
CREATE TABLE `node_tasks` (`name` varchar(32) NOT NULL,`holder` varchar(36) NOT NULL DEFAULT '',`number` integer NOT NULL DEFAULT 0,`seen_at` integer NOT NULL DEFAULT 0,`reported` integer NOT NULL DEFAULT 0,`report` text,`ignored` text,PRIMARY KEY (`name`));
INSERT INTO `node_tasks` (`name`) VALUES ('last');
CREATE TABLE `node_changes` (`id` integer NOT NULL,`node` varchar(36) NOT NULL,`created_at` datetime NOT NULL,`notice` text NOT NULL,PRIMARY KEY (`id`));
CREATE INDEX `idx_request_logs_request_id` ON `request_logs`(`request_id`) WHERE `request_id` IS NOT NULL;
-- Logs are listed by instant: rows of 1.4.x carry the offset of the server that wrote them, so the order of their texts
-- is not that of time.
CREATE INDEX `idx_request_logs_instant` ON `request_logs`(julianday(`timestamp`));
-- Those that the next ones make superfluous: each costs at every row. GPT-Load 1.4.x makes them again when it starts.
DROP INDEX IF EXISTS `idx_request_logs_key_hash`;
DROP INDEX IF EXISTS `idx_request_logs_request_type`;
-- What the log is filtered by, newest first. Of a value that most rows have there is no index: they are found among the newest.
CREATE INDEX `idx_request_logs_key_instant` ON `request_logs`(`key_hash`,julianday(`timestamp`));
CREATE INDEX `idx_request_logs_source_instant` ON `request_logs`(`source_ip`,julianday(`timestamp`));
-- Rows of one status are counted by what stands in it.
CREATE INDEX `idx_request_logs_status_instant` ON `request_logs`(`status_code`,julianday(`timestamp`),`is_success`,`request_type`);
CREATE INDEX `idx_request_logs_failed_instant` ON `request_logs`(julianday(`timestamp`)) WHERE `is_success` = false;
CREATE INDEX `idx_request_logs_retry_instant` ON `request_logs`(`request_type`,julianday(`timestamp`)) WHERE `request_type` = 'retry';
CREATE INDEX `idx_request_logs_error_instant` ON `request_logs`(julianday(`timestamp`)) WHERE `error_message` <> '';
-- Finds the keys whose time of last use is still in a form of 1.4.x that does not sort as text. Empty once they are
-- rewritten.
CREATE INDEX `idx_api_keys_foreign_last_used` ON `api_keys`(`id`) WHERE substr(`last_used_at`,-6) <> '+00:00';
-- Pages and counts of the keys of one status.
CREATE INDEX `idx_api_keys_group_status_last_used_id` ON `api_keys`(`group_id`,`status`,`last_used_at`,`id`);
-- The keys that fail most, or serve most, first.
CREATE INDEX `idx_api_keys_group_requests_id` ON `api_keys`(`group_id`,`request_count`,`id`);
CREATE INDEX `idx_api_keys_group_failures_id` ON `api_keys`(`group_id`,`failure_count`,`id`);
-- Few keys have notes.
CREATE INDEX `idx_api_keys_notes` ON `api_keys`(`group_id`,`notes`) WHERE `notes` <> '';
