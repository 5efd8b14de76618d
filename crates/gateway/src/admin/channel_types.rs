//! `GET /api/channel-types`

use domain::group::ChannelType;

use super::reply::Data;

pub async fn list() -> Data<[ChannelType; 4]> {
    Data(ChannelType::ALL)
}
