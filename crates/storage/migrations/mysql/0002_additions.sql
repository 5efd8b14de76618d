-- What we add. Every column is nullable or has a default, so that GPT-Load 1.4.x still runs on the database. A statement ends with its
-- line. Models are told apart by the case of their letters, too.
ALTER TABLE `groups` ADD COLUMN `enabled` boolean NOT NULL DEFAULT true;
ALTER TABLE `api_keys` ADD COLUMN `last_error` text;
ALTER TABLE `api_keys` ADD COLUMN `last_error_at` datetime(3) NULL;
ALTER TABLE `api_keys` ADD COLUMN `last_status` bigint;
ALTER TABLE `request_logs` ADD COLUMN `request_id` varchar(36);
ALTER TABLE `request_logs` ADD COLUMN `first_byte_ms` bigint;
ALTER TABLE `request_logs` ADD COLUMN `prompt_tokens` bigint;
ALTER TABLE `request_logs` ADD COLUMN `completion_tokens` bigint;
ALTER TABLE `request_logs` ADD COLUMN `cached_tokens` bigint;
ALTER TABLE `request_logs` ADD COLUMN `attempt` bigint;
ALTER TABLE `request_logs` ADD COLUMN `proxy_key_hash` varchar(128);
ALTER TABLE `request_logs` ADD COLUMN `begun_ms` bigint;
ALTER TABLE `request_logs` ADD COLUMN `outcome` varchar(32);
ALTER TABLE `request_logs` ADD COLUMN `rest_ms` bigint;
ALTER TABLE `group_hourly_stats` ADD COLUMN `prompt_tokens` bigint NOT NULL DEFAULT 0;
ALTER TABLE `group_hourly_stats` ADD COLUMN `completion_tokens` bigint NOT NULL DEFAULT 0;
ALTER TABLE `group_hourly_stats` ADD COLUMN `cached_tokens` bigint NOT NULL DEFAULT 0;
CREATE TABLE IF NOT EXISTS `key_cooldowns` (`key_id` bigint unsigned NOT NULL, `model` varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '', `until` datetime(3) NOT NULL, `guessed` boolean NOT NULL DEFAULT false, PRIMARY KEY (`key_id`, `model`)) CHARACTER SET utf8mb4;
CREATE TABLE IF NOT EXISTS `spool_positions` (`spool_id` varchar(36) NOT NULL, `segment` bigint NOT NULL, `offset` bigint NOT NULL, `updated_at` datetime(3) NOT NULL, PRIMARY KEY (`spool_id`)) CHARACTER SET utf8mb4;
CREATE TABLE IF NOT EXISTS `node_lease` (`name` varchar(32) NOT NULL, `holder` varchar(36) NOT NULL DEFAULT '', `holder_name` varchar(255) NOT NULL DEFAULT '', `token` bigint NOT NULL DEFAULT 0, `expires_at` bigint NOT NULL DEFAULT 0, PRIMARY KEY (`name`)) CHARACTER SET utf8mb4;
INSERT IGNORE INTO `node_lease` (`name`) VALUES ('leader');
CREATE TABLE IF NOT EXISTS `node_tasks` (`name` varchar(32) NOT NULL, `holder` varchar(36) NOT NULL DEFAULT '', `number` bigint NOT NULL DEFAULT 0, `seen_at` bigint NOT NULL DEFAULT 0, `reported` bigint NOT NULL DEFAULT 0, `report` text, `ignored` mediumtext, PRIMARY KEY (`name`)) CHARACTER SET utf8mb4;
INSERT IGNORE INTO `node_tasks` (`name`) VALUES ('last');
-- What the nodes on this database tell each other; deleted after some minutes.
CREATE TABLE IF NOT EXISTS `database_ids` (`id` varchar(36) NOT NULL, PRIMARY KEY (`id`)) CHARACTER SET utf8mb4;
INSERT INTO `database_ids` (`id`) SELECT uuid() FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM (SELECT `id` FROM `database_ids`) AS `present`);
CREATE TABLE IF NOT EXISTS `node_changes` (`id` bigint NOT NULL AUTO_INCREMENT, `node` varchar(36) NOT NULL, `created_at` datetime(3) NOT NULL, `notice` mediumtext NOT NULL, PRIMARY KEY (`id`)) CHARACTER SET utf8mb4;
CREATE INDEX `idx_request_logs_request_id` ON `request_logs` (`request_id`);
CREATE INDEX `idx_api_keys_group_status_last_used_id` ON `api_keys` (`group_id`, `status`, `last_used_at`, `id`);
CREATE INDEX `idx_api_keys_group_requests_id` ON `api_keys` (`group_id`, `request_count`, `id`);
CREATE INDEX `idx_api_keys_group_failures_id` ON `api_keys` (`group_id`, `failure_count`, `id`);
CREATE INDEX `idx_request_logs_key_instant` ON `request_logs` (`key_hash`, `timestamp`);
CREATE INDEX `idx_request_logs_source_instant` ON `request_logs` (`source_ip`, `timestamp`);
CREATE INDEX `idx_request_logs_status_instant` ON `request_logs` (`status_code`, `timestamp`);
CREATE INDEX `idx_request_logs_success_instant` ON `request_logs` (`is_success`, `timestamp`);
CREATE INDEX `idx_request_logs_type_instant` ON `request_logs` (`request_type`, `timestamp`);
