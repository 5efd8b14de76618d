//! TLS, Cluster and Sentinel.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tempfile::TempDir;
use testkit::eventually;
use testkit::servers::{Identity, Redis};

use crate::Node;

/// A server's certificate, and the files of a client: `ca`, `cert`, `key`, and `other`, an authority that knows neither.
fn identity(folder: &TempDir) -> Identity {
    let authority = |name: &str| {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        (params.self_signed(&key).unwrap().pem(), Issuer::new(params, key))
    };
    let ((ours, issuer), (other, _)) = (authority("ours"), authority("another"));
    let signed = |name: &str| {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        (params.signed_by(&key, &issuer).unwrap().pem(), key.serialize_pem())
    };
    let ((certificate, key), (cert, client_key)) = (signed("localhost"), signed("gpt-load"));
    for (name, pem) in [("ca", &ours), ("cert", &cert), ("key", &client_key), ("other", &other)] {
        std::fs::write(folder.path().join(name), pem).unwrap();
    }
    Identity { certificate, key, authority: ours }
}

#[tokio::test]
async fn over_tls_a_server_is_trusted_by_its_authority_and_knows_us_by_ours() {
    let folder = TempDir::new().unwrap();
    let redis = Redis::start_with_tls(&identity(&folder));
    let (port, folder) = (redis.addr().port(), folder.path().display());
    let ours = format!("cert={folder}/cert&key={folder}/key");
    let node = Node::connected(&format!("rediss://localhost:{port}?ca={folder}/ca&{ours}"), "a").await;
    let other = Node::connected(&format!("rediss://localhost:{port}?ca={folder}/ca&{ours}"), "a").await;
    node.send("sealed");
    other.hears("sealed").await;
    for dsn in [
        format!("rediss://localhost:{port}?ca={folder}/ca"),
        format!("rediss://localhost:{port}?ca={folder}/other&{ours}"),
        format!("rediss://localhost:{port}?{ours}"),
        format!("rediss://127.0.0.1:{port}?ca={folder}/ca&{ours}"),
        format!("redis://localhost:{port}"),
    ] {
        let node = Node::start(&dsn, "a");
        eventually(&dsn, async || node.log.count("lost") == 1).await;
        assert_eq!(node.log.count("connected"), 0, "{dsn}");
    }
}

#[tokio::test]
async fn nodes_of_a_cluster_pass_messages_on_and_stand_in_for_each_other() {
    let mut servers = Redis::start_cluster();
    let (first, last) = (servers[0].addr(), servers[2].addr());
    let one = Node::connected(&format!("redis://{first},{last}"), "a").await;
    let other = Node::connected(&format!("redis://{last}"), "a").await;
    one.send("through the cluster");
    other.hears("through the cluster").await;
    drop(servers.remove(0));
    one.is_connected(2).await;
    one.send("by another node");
    other.hears("by another node").await;
}

#[tokio::test]
async fn sentinels_lead_to_the_master_and_to_the_next_one() {
    let master = Redis::start_with(&[]);
    let replica = master.replica();
    let sentinel = master.sentinel("mymaster");
    let dsn = format!("redis+sentinel://{}/mymaster", sentinel.addr());
    let (one, other) = (Node::connected(&dsn, "a").await, Node::connected(&dsn, "a").await);
    one.send("by the first");
    other.hears("by the first").await;
    eventually("the replica to be known", async || {
        replica.call(&["INFO", "replication"]).contains("master_link_status:up")
            && sentinel.call(&["SENTINEL", "FAILOVER", "mymaster"]).contains("OK")
    })
    .await;
    for node in [&one, &other] {
        node.is_connected(2).await;
    }
    assert!(replica.call(&["INFO", "replication"]).contains("role:master"));
    one.send("by the second");
    other.hears("by the second").await;
}
