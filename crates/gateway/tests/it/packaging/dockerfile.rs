//! The Dockerfile, read.

use serde_json::Value;

use super::text;

/// An instruction, such as `COPY web ./`.
#[derive(Clone, Debug)]
pub(super) struct Instruction {
    pub(super) name: String,
    pub(super) arguments: String,
}

/// The stages, by name; the last one, which is the image, has none.
pub(super) fn stages() -> Vec<(String, Vec<Instruction>)> {
    let joined = text("Dockerfile").replace("\\\n", " ");
    let mut stages: Vec<(String, Vec<Instruction>)> = Vec::new();
    for line in joined.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (name, arguments) = line.split_once(' ').unwrap_or_else(|| panic!("no arguments: {line}"));
        if name == "FROM" {
            let stage = arguments.split_once(" AS ").map_or("", |(_, stage)| stage);
            stages.push((stage.to_owned(), Vec::new()));
        }
        let (_, instructions) = stages.last_mut().expect("FROM comes first");
        instructions.push(Instruction { name: name.to_owned(), arguments: arguments.trim().to_owned() });
    }
    stages
}

/// The instructions of the image itself.
pub(super) fn image() -> Vec<Instruction> {
    stages().pop().expect("there is a stage").1
}

/// The arguments of the image's only instruction with this name.
pub(super) fn only(name: &str) -> String {
    let found: Vec<_> = image().into_iter().filter(|instruction| instruction.name == name).collect();
    let [instruction] = &found[..] else { panic!("{name} is to be there once: {found:?}") };
    instruction.arguments.clone()
}

/// A command in JSON form.
pub(super) fn command(text: &str) -> Vec<String> {
    let start = text.find('[').unwrap_or_else(|| panic!("a command that needs a shell: {text}"));
    let words: Value = serde_json::from_str(&text[start..]).unwrap();
    words.as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_is_copied_is_there_and_is_not_left_out() {
    let (stages, ignored) = (stages(), text(".dockerignore"));
    let ignored: Vec<_> = ignored.lines().filter(|line| !line.starts_with('#')).collect();
    let names: Vec<_> = stages.iter().map(|(name, _)| name.as_str()).collect();
    for instruction in stages.iter().flat_map(|(_, all)| all).filter(|instruction| instruction.name == "COPY") {
        let words: Vec<_> = instruction.arguments.split_whitespace().collect();
        if let Some(stage) = words[0].strip_prefix("--from=") {
            assert!(names.contains(&stage), "{instruction:?}");
            continue;
        }
        for source in &words[..words.len() - 1] {
            assert!(super::repository(source).exists(), "{source} of {instruction:?}");
            assert!(!ignored.contains(source), "{source} is in .dockerignore");
        }
    }
    for kept_out in [".env", "data", "target", "**/node_modules", ".git"] {
        assert!(ignored.contains(&kept_out), "{kept_out} must not be sent to who builds the image");
    }
}

#[test]
fn stages_build_what_there_is_to_build() {
    let stages = stages();
    let runs = |stage: &str, command: &str| {
        let (_, instructions) = stages.iter().find(|(name, _)| name == stage).unwrap();
        instructions.iter().any(|it| it.name == "RUN" && it.arguments.contains(command))
    };
    assert!(runs("console", "npm ci") && runs("console", "npm run build"));
    let package: Value = serde_json::from_str(&text("web/package.json")).unwrap();
    assert!(package["scripts"]["build"].is_string());
    assert!(runs("program", "cargo build --locked --release -p gateway") && runs("program", "target/release/gpt-load"));
    let rust = stages.iter().find(|(name, _)| name == "program").unwrap().1[0].arguments.clone();
    let version = rust.split([':', '-']).nth(1).unwrap().to_owned();
    let least = text("Cargo.toml");
    let least = least.split("rust-version = \"").nth(1).unwrap().split('"').next().unwrap();
    let number = |version: &str| version.split('.').map(|part| part.parse::<u32>().unwrap()).collect::<Vec<_>>();
    assert!(number(&version) >= number(least), "{version} is older than {least}");
}

#[test]
fn the_image_has_what_the_program_needs() {
    let installed = only("RUN");
    for package in ["ca-certificates", "tzdata", "wget"] {
        assert!(installed.contains(&format!(" {package} ")), "{package} in {installed}");
    }
    assert_eq!((only("WORKDIR"), command(&only("ENTRYPOINT"))), ("/app".to_owned(), vec!["/app/gpt-load".to_owned()]));
    assert!(image().iter().any(|it| it.name == "COPY" && it.arguments.ends_with(" /app/gpt-load")));
    assert!(image().iter().all(|it| it.name != "USER"), "it starts as root, or a volume of root's stays closed to it");
}
