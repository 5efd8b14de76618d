use proptest::prelude::*;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use super::*;

async fn pair() -> (Wire, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (Wire::new(listener.accept().await.unwrap().0), peer)
}

async fn read_all(wire: &mut Wire, mut body: Body) -> io::Result<Vec<Bytes>> {
    let mut pieces = Vec::new();
    while let Some(piece) = wire.piece(&mut body).await? {
        pieces.push(piece);
    }
    Ok(pieces)
}

const CHUNKED: Body = Body::Chunked { left: 0, started: false };

#[tokio::test]
async fn chunks_that_arrive_together_stay_apart() {
    let (mut wire, mut peer) = pair().await;
    peer.write_all(b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Sum: 5\r\n\r\nnext").await.unwrap();
    assert_eq!(read_all(&mut wire, CHUNKED).await.unwrap(), ["abc", "de"]);
    assert_eq!(wire.trailers.get("x-sum"), Some("5"));
    assert_eq!(&wire.buf[..], b"next");
}

#[tokio::test]
async fn broken_bodies_are_errors() {
    for (sent, body, kind) in [
        ("5\r\nabc", CHUNKED, io::ErrorKind::UnexpectedEof),
        ("3\r\nabc\r\n", CHUNKED, io::ErrorKind::UnexpectedEof),
        ("3\r\nabcd\r\n0\r\n\r\n", CHUNKED, io::ErrorKind::InvalidData),
        ("zz\r\n", CHUNKED, io::ErrorKind::InvalidData),
        ("abc", Body::Length(4), io::ErrorKind::UnexpectedEof),
    ] {
        let (mut wire, mut peer) = pair().await;
        peer.write_all(sent.as_bytes()).await.unwrap();
        drop(peer);
        assert_eq!(read_all(&mut wire, body).await.unwrap_err().kind(), kind, "{sent:?}");
    }
}

#[test]
fn header_names_match_in_any_case_and_keep_their_spelling() {
    let headers = Headers(vec![("X-A".into(), "1, Two".into()), ("x-a".into(), "3".into())]);
    assert_eq!(
        (headers.get("X-a"), headers.all("x-A"), headers.names()),
        (Some("1, Two"), vec!["1, Two", "3"], vec!["X-A", "x-a"])
    );
    assert!(headers.has_token("x-a", "two") && !headers.has_token("x-a", "four"));
}

proptest! {
    #[test]
    fn any_chunks_come_out_as_they_went_in(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..50), 0..8)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let read = runtime.block_on(async {
            let (mut wire, mut peer) = pair().await;
            for chunk in &chunks {
                let framed = [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat();
                peer.write_all(&framed).await.unwrap();
            }
            peer.write_all(b"0\r\n\r\n").await.unwrap();
            read_all(&mut wire, CHUNKED).await.unwrap()
        });
        prop_assert_eq!(read.concat(), chunks.concat());
    }
}
