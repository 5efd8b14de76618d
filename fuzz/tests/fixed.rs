//! Every target over its committed corpus and a fixed number of mutations of it, the same in each run.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test that cannot go on fails, and says at what")]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;

use fastrand::Rng;
use fuzz::{TARGETS, Target};

/// Mutations of each target's corpus.
const MUTATIONS: usize = 20_000;
const LONGEST_BYTES: usize = 4_096;

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let inputs: Vec<_> = files.iter().map(|file| fs::read(file).unwrap()).collect();
    assert!(!inputs.is_empty(), "no corpus in {}", folder.display());
    inputs
}

fn holds(target: Target, input: &[u8]) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| target(input))) {
        eprintln!("the input was b\"{}\"", input.escape_ascii());
        resume_unwind(panic);
    }
}

/// One to four changes: bytes changed, taken out or repeated, or a part of another input put in.
fn mutated(rng: &mut Rng, inputs: &[Vec<u8>]) -> Vec<u8> {
    let mut input = inputs[rng.usize(..inputs.len())].clone();
    for _ in 0..rng.usize(1..=4) {
        let (from, to) = (rng.usize(..=input.len()), rng.usize(..=input.len()));
        let span = from.min(to)..from.max(to).min(from.min(to) + 16);
        match rng.u8(..5) {
            0 => input.insert(from, rng.u8(..)),
            1 => input.insert(from, *rng.choice(b"{}[]\",:\\ \r\n0%/.-=;&@*\t").unwrap()),
            2 => drop(input.drain(span)),
            3 => {
                let part = input[span].to_vec();
                input.splice(from..from, part);
            }
            _ => {
                let other = &inputs[rng.usize(..inputs.len())];
                let at = rng.usize(..=other.len());
                let part = other[at..other.len().min(at + rng.usize(..64))].to_vec();
                input.splice(span, part);
            }
        }
    }
    input.truncate(LONGEST_BYTES);
    input
}

fn run(name: &str) {
    let (_, target) = TARGETS.iter().find(|(known, _)| *known == name).unwrap();
    let inputs = corpus(name);
    for input in &inputs {
        holds(*target, input);
    }
    let mut rng = Rng::with_seed(1);
    (0..MUTATIONS).for_each(|_| holds(*target, &mutated(&mut rng, &inputs)));
}

macro_rules! each_target {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                run(stringify!($name));
            }
        )*

        #[test]
        fn no_target_is_left_out() {
            let tested = [$(stringify!($name)),*];
            assert_eq!(TARGETS.iter().map(|(name, _)| *name).collect::<Vec<_>>(), tested);
        }
    };
}

each_target! { classify decode dsn form head json keys mask models rest sse statuses }
