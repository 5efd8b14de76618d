//! Programs whose wall clock shows another time.

/// Debian's libfaketime, for `LD_PRELOAD`.
pub(crate) fn faketime() -> String {
    let folders = std::fs::read_dir("/usr/lib").unwrap().map(|folder| folder.unwrap().path());
    let mut libraries = folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1"));
    let library = libraries.find(|library| library.exists());
    library.expect("faketime is installed (make test does it)").to_str().unwrap().to_owned()
}
