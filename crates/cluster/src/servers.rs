//! Finding the server that answers.

use std::path::Path;
use std::time::Duration;

use redis::aio::{MultiplexedConnection, PubSub};
use redis::{
    AsyncConnectionConfig, Client, ClientTlsConfig, ConnectionAddr, ConnectionInfo, ErrorKind, IntoConnectionInfo,
    RedisConnectionInfo, RedisError, RedisResult, TlsCertificates,
};
use rustls::crypto::ring;
use tokio::time::timeout;

use crate::dsn::{Address, Login, Place, RedisDsn, Tls};

/// How long a server may take to let us in, and to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// The two connections to a server.
pub(crate) struct Open {
    pub(crate) commands: MultiplexedConnection,
    pub(crate) messages: PubSub,
    /// Where the master is, by its Sentinels.
    pub(crate) master: Option<Address>,
}

impl RedisDsn {
    /// Connects to the first server that lets us.
    pub(crate) async fn connect(&self) -> RedisResult<Open> {
        match &self.place {
            Place::Servers(addresses) => {
                let mut last = refused("there is no server");
                for address in addresses {
                    match self.open(self.tcp(address), None).await {
                        Ok(open) => return Ok(open),
                        Err(error) => last = error,
                    }
                }
                Err(last)
            }
            Place::Sentinels { .. } => {
                let master = self.master().await?;
                self.open(self.tcp(&master), Some(master)).await
            }
            Place::Socket(path) => self.open(ConnectionAddr::Unix(path.clone()), None).await,
        }
    }

    /// Where the Sentinels say that the master is.
    pub(crate) async fn master(&self) -> RedisResult<Address> {
        let Place::Sentinels { sentinels, master, login } = &self.place else {
            return Err(refused("there are no Sentinels"));
        };
        let mut last = refused("there is no Sentinel");
        for sentinel in sentinels {
            let asked = async {
                let mut connection = commands(&self.client(self.tcp(sentinel), login)?).await?;
                let mut question = redis::cmd("SENTINEL");
                question.arg("get-master-addr-by-name").arg(master.as_str());
                question.query_async::<Option<(String, u16)>>(&mut connection).await
            };
            match asked.await {
                Ok(Some((host, port))) => return Ok(Address { host, port }),
                Ok(None) => last = refused("the Sentinels know no master of that name"),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn open(&self, address: ConnectionAddr, master: Option<Address>) -> RedisResult<Open> {
        let client = self.client(address, &self.login)?;
        let commands = commands(&client).await?;
        let messages = timeout(PATIENCE, client.get_async_pubsub()).await.map_err(|_| refused("no answer"))??;
        Ok(Open { commands, messages, master })
    }

    fn tcp(&self, address: &Address) -> ConnectionAddr {
        let Address { host, port } = address.clone();
        match self.tls {
            Some(_) => ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None },
            None => ConnectionAddr::Tcp(host, port),
        }
    }

    fn client(&self, address: ConnectionAddr, login: &Login) -> RedisResult<Client> {
        let mut settings = RedisConnectionInfo::default().set_skip_set_lib_name();
        if let Some(user) = &login.user {
            settings = settings.set_username(user);
        }
        if let Some(password) = &login.password {
            settings = settings.set_password(password.expose());
        }
        let info: ConnectionInfo = address.into_connection_info()?.set_redis_settings(settings);
        match &self.tls {
            Some(tls) => {
                // The library asks for the process' own, which nobody else needs: whoever is first, it is the same.
                let _ = ring::default_provider().install_default();
                Client::build_with_tls(info, certificates(tls)?)
            }
            None => Client::open(info),
        }
    }
}

async fn commands(client: &Client) -> RedisResult<MultiplexedConnection> {
    let patience = Some(PATIENCE);
    let config = AsyncConnectionConfig::new().set_connection_timeout(patience).set_response_timeout(patience);
    client.get_multiplexed_async_connection_with_config(&config).await
}

fn certificates(tls: &Tls) -> RedisResult<TlsCertificates> {
    let client_tls = match &tls.identity {
        Some((certificate, key)) => Some(ClientTlsConfig { client_cert: read(certificate)?, client_key: read(key)? }),
        None => None,
    };
    Ok(TlsCertificates { client_tls, root_cert: tls.ca.as_deref().map(read).transpose()? })
}

fn read(file: &Path) -> RedisResult<Vec<u8>> {
    std::fs::read(file).map_err(|error| {
        let problem = format!("{}: {error}", file.display());
        RedisError::from((ErrorKind::InvalidClientConfig, "a file of REDIS_DSN can't be read", problem))
    })
}

fn refused(why: &'static str) -> RedisError {
    RedisError::from((ErrorKind::Io, why))
}
