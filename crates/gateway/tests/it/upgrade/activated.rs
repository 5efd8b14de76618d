//! What systemd gives and wants: a listening socket, and word of how things stand.

use std::net::TcpListener;
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};

use testkit::http::Request;
use testkit::{App, eventually};

use super::replaceable;
use crate::support::BINARY;

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_of_the_service_manager_is_listened_on() {
    let dir = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/health/ready", listener.local_addr().unwrap());
    // Standard input becomes descriptor 3, as sd_listen_fds(3) has it.
    let script = "export LISTEN_PID=$$; exec \"$0\" 3<&0 </dev/null";
    let mut command = Command::new("sh");
    command
        .args(["-c", script, BINARY])
        .current_dir(dir.path())
        .stdin(Stdio::from(std::os::fd::OwnedFd::from(listener)));
    command
        .env("LISTEN_FDS", "1")
        .env("HOST", "192.0.2.1")
        .env("PORT", "1")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut program = command.spawn().unwrap();
    // The socket is there before the program is: the connection waits in it.
    let ready = eventually("the program to be ready", async || {
        Request::get(&url).try_fetch().await.is_ok_and(|reply| reply.status == 200)
    });
    ready.await;
    program.kill().unwrap();
    program.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_descriptor_that_is_no_socket_is_a_fault() {
    let script = "export LISTEN_PID=$$ LISTEN_FDS=1; exec \"$0\" 3</dev/null";
    let program = App::builder("/bin/sh").arg("-c").arg(script).arg(BINARY);
    let ended = program.try_start().await.unwrap_err();
    assert_eq!(ended.status.code(), Some(2), "{}", ended.output);
    assert!(ended.output.contains("LISTEN_FDS"), "{}", ended.output);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_manager_is_told_who_serves() {
    let builder = replaceable();
    let path = builder.dir().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_nonblocking(true).unwrap();
    let said = async || {
        eventually("word from the program", async || {
            let mut message = [0; 256];
            let read = socket.recv(&mut message).ok()?;
            Some(String::from_utf8_lossy(&message[..read]).trim().to_owned())
        })
        .await
    };
    let mut app = builder.env("NOTIFY_SOCKET", path.to_str().unwrap()).start().await;
    assert_eq!(said().await, "READY=1");
    app.replace().await.ended().await;
    let mut told = vec![said().await, said().await];
    told.sort();
    assert_eq!(told, [format!("MAINPID={}", app.pid()), "READY=1".to_owned()]);
    app.terminate();
    app.wait_exit().await;
    assert_eq!(said().await, "STOPPING=1");
}
