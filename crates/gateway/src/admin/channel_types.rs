//! `GET /api/channel-types`

use domain::group::ChannelType;

use super::reply::Data;

/// All of them.
pub async fn list() -> Data<[ChannelType; ChannelType::ALL.len()]> {
    Data(ChannelType::ALL)
}
