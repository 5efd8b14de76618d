use std::sync::{Arc, Mutex};

use tracing::subscriber::with_default;

use super::*;

/// Collects what would go to standard error.
#[derive(Clone, Default)]
struct Console(Arc<Mutex<Vec<u8>>>);

impl io::Write for Console {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn config(level: Level, format: LogFormat) -> LogConfig {
    LogConfig { level, format, file: None }
}

/// The console's lines of `say` under a configuration.
fn console(config: &LogConfig, say: impl FnOnce()) -> Vec<String> {
    let console = Console::default();
    let writer = console.clone();
    with_default(subscriber(config, move || writer.clone(), false, None), say);
    let bytes = console.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn text_shows_level_message_and_fields() {
    let lines = console(&config(Level::INFO, LogFormat::Text), || tracing::info!(groups = 3, "Loaded"));
    assert!(lines.len() == 1 && lines[0].contains("INFO") && lines[0].ends_with("Loaded groups=3"), "{lines:?}");
}

#[test]
fn json_is_one_object_a_line() {
    let lines = console(&config(Level::INFO, LogFormat::Json), || tracing::warn!(groups = 3, "Loaded"));
    let line: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!(
        (lines.len(), &line["level"], &line["message"], &line["groups"]),
        (1, &"WARN".into(), &"Loaded".into(), &3.into())
    );
    assert!(line["timestamp"].is_string());
}

#[test]
fn libraries_are_quieter_than_the_program() {
    let say = || {
        tracing::trace!("own");
        tracing::debug!("own");
        tracing::info!("own");
        tracing::error!("own");
        tracing::debug!(target: "hyper::proto", "library");
        tracing::info!(target: "sqlx::query", "library");
        tracing::warn!(target: "rustls", "library");
        tracing::error!(target: "rustls", "library");
    };
    for (level, own, library) in
        [(Level::ERROR, 1, 1), (Level::WARN, 1, 2), (Level::INFO, 2, 2), (Level::DEBUG, 3, 4), (Level::TRACE, 4, 4)]
    {
        let lines = console(&config(level, LogFormat::Text), say);
        let count = |word: &str| lines.iter().filter(|line| line.ends_with(word)).count();
        assert_eq!((count("own"), count("library")), (own, library), "{level}");
    }
}

#[test]
fn a_file_gets_every_line_by_the_time_its_writer_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("logs/app.log");
    let (writer, guard) = in_background(DailyFile::open(&path).unwrap());
    let subscriber = subscriber(&config(Level::INFO, LogFormat::Text), io::sink, true, Some(writer));
    with_default(subscriber, || (0..100).for_each(|n| tracing::info!(n, "Counted")));
    drop(guard);
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), 100);
    assert!(text.ends_with("Counted n=99\n"), "no colours in files: {text:?}");
}

/// Takes a line only when told to.
struct Stuck(std::sync::mpsc::Receiver<()>, Arc<Mutex<usize>>);

impl io::Write for Stuck {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.recv().ok();
        *self.1.lock().unwrap() += 1;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_log_file_that_takes_nothing_holds_nobody_up() {
    let (go_on, stuck) = std::sync::mpsc::channel();
    let lines = Arc::<Mutex<usize>>::default();
    let (writer, guard) = in_background(Stuck(stuck, Arc::clone(&lines)));
    let subscriber = subscriber(&config(Level::INFO, LogFormat::Text), writer, false, None);
    with_default(subscriber, || (0..WAITING_LINES + 1000).for_each(|n| tracing::info!(n, "Counted")));
    drop(go_on);
    drop(guard);
    let lines = *lines.lock().unwrap();
    assert!((WAITING_LINES..WAITING_LINES + 10).contains(&lines), "{lines} lines");
}

#[test]
fn a_log_file_that_cannot_be_opened_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let file = Some(folder.path().join("file/app.log"));
    let guard = init(&LogConfig { file, ..config(Level::ERROR, LogFormat::Text) }).unwrap();
    assert!(guard.is_none());
    assert!(init(&config(Level::INFO, LogFormat::Text)).is_err(), "started twice");
}
