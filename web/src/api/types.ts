/** Short names of what the API gives and takes. */
import type { components } from "./schema.gen";

type Schemas = components["schemas"];

export type Group = Schemas["GroupObject"];
export type SubGroup = Schemas["SubGroupObject"];
export type Key = Schemas["KeyObject"];
export type KeyStates = Schemas["KeyStates"];
export type Tested = Schemas["Tested"];
export type GroupStats = Schemas["GroupStats"];
export type Guards = Schemas["Guards"];
export type Away = Schemas["Away"];
export type LogEntry = Schemas["LogEntry"];
export type TaskStatus = Schemas["Status"];
export type Ignored = Schemas["Ignored"];
export type Setting = Schemas["SettingObject"];
export type Pagination = Schemas["Pagination"];
export type DashboardStats = Schemas["Stats"];
export type SecurityWarning = Schemas["SecurityWarning"];
export type EncryptionStatus = Schemas["EncryptionStatus"];
export type Exchange = Schemas["Exchange"];
export type ConfigOption = Schemas["ConfigOption"];
export type GroupTraffic = Schemas["GroupTraffic"];
