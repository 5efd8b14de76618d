//! What the two processes say to each other: over a socket that is the new one's standard input.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::TcpListener;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
    recvmsg, sendmsg,
};
use storage::lock::DirLock;

/// What comes first, with the descriptors. Another one if more is to be handed over.
const HELLO: &[u8] = b"gpt-load 1\n";
/// The new one serves.
pub const READY: &str = "ready\n";

/// Sends the listener and a share of the data directory's lock.
pub fn give(socket: &UnixStream, listener: BorrowedFd<'_>, lock: BorrowedFd<'_>) -> io::Result<()> {
    let descriptors = [listener, lock];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    control.push(SendAncillaryMessage::ScmRights(&descriptors));
    sendmsg(socket, &[IoSlice::new(HELLO)], &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Takes them.
pub fn take(socket: &UnixStream) -> io::Result<(TcpListener, DirLock)> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let (mut control, mut hello) = (RecvAncillaryBuffer::new(&mut space), [0; HELLO.len()]);
    recvmsg(socket, &mut [IoSliceMut::new(&mut hello)], &mut control, RecvFlags::CMSG_CLOEXEC)?;
    let given = control.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
        _ => None,
    });
    let given: Vec<OwnedFd> = given.flatten().collect();
    match <[OwnedFd; 2]>::try_from(given) {
        Ok([listener, lock]) if hello == HELLO => Ok((listener.into(), DirLock::shared(lock))),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn listener_and_lock_go_over_and_nothing_else_is_taken_for_them() {
        let dir = tempfile::tempdir().unwrap();
        let (ours, theirs) = UnixStream::pair().unwrap();
        let (listener, lock) = (TcpListener::bind("127.0.0.1:0").unwrap(), DirLock::acquire(dir.path()).unwrap());
        let shared = lock.share().unwrap();
        give(&ours, listener.as_fd(), shared.as_fd()).unwrap();
        let (taken, held) = take(&theirs).unwrap();
        assert_eq!(taken.local_addr().unwrap(), listener.local_addr().unwrap());
        drop((lock, shared));
        assert_eq!(DirLock::holder(dir.path()).unwrap(), Some(std::process::id()));
        drop(held);
        assert_eq!(DirLock::holder(dir.path()).unwrap(), None);

        io::Write::write_all(&mut &ours, HELLO).unwrap();
        assert!(take(&theirs).is_err());
    }
}
