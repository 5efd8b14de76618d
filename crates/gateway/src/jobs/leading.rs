//! Jobs that only the leader does.

use super::Job;
use crate::leadership::{Leadership, Term};

/// A [`Job`] that is done while this node leads.
pub trait LeaderJob: Send + 'static {
    /// What the log calls it.
    const NAME: &'static str;

    /// Waits until there is something to do.
    fn due(&mut self) -> impl Future<Output = ()> + Send;

    /// Does what there is to do. What it writes names the term's token; what it starts ends when the term is over.
    fn turn(&mut self, term: &Term) -> impl Future<Output = anyhow::Result<()>> + Send;

    /// The term is over: waits for what was started in it, and forgets what another leader will change.
    fn rest(&mut self) -> impl Future<Output = ()> + Send {
        async {}
    }
}

/// Runs a job in each term, until there will be no more.
pub async fn run(mut job: impl LeaderJob, mut leadership: Leadership) {
    while let Some(term) = leadership.next_term().await {
        super::run(InTerm { job: &mut job, leadership: &leadership, term: &term }, term.over.clone()).await;
    }
}

struct InTerm<'a, J> {
    job: &'a mut J,
    leadership: &'a Leadership,
    term: &'a Term,
}

impl<J: LeaderJob> Job for InTerm<'_, J> {
    const NAME: &'static str = J::NAME;

    async fn due(&mut self) {
        self.job.due().await;
    }

    async fn turn(&mut self) -> anyhow::Result<()> {
        // A process that was suspended may find a turn due before it finds that the term is over.
        if self.leadership.is_leading() { self.job.turn(self.term).await } else { Ok(()) }
    }

    async fn last_turn(&mut self) -> anyhow::Result<()> {
        self.job.rest().await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::Instant;

    use tokio::task::JoinSet;
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::leadership::Standing;

    #[derive(Clone, Default)]
    struct Noting(Arc<Mutex<Vec<String>>>);

    impl Noting {
        fn note(&self, what: String) {
            self.0.lock().unwrap().push(what);
        }
    }

    impl LeaderJob for Noting {
        const NAME: &'static str = "noting";

        async fn due(&mut self) {
            tokio::task::yield_now().await;
        }

        async fn turn(&mut self, term: &Term) -> anyhow::Result<()> {
            self.note(format!("turn {}", term.token));
            term.over.cancel();
            Ok(())
        }

        async fn rest(&mut self) {
            self.note("rest".to_owned());
        }
    }

    #[tokio::test]
    async fn a_job_is_done_in_each_term_and_rests_after_it() {
        let cipher = Arc::new(storage::KeyCipher::new(None).unwrap());
        let db = storage::Db::open(&storage::Dsn::Memory, cipher).await.unwrap();
        db.migrate().await.unwrap();
        let (standing, leadership) = Leadership::new();
        let job = Noting::default();
        let mut running = JoinSet::new();
        running.spawn(run(job.clone(), leadership.clone()));
        for (number, until) in [(1, None), (2, Some(Instant::now()))] {
            let asked = db.ask_to_lead(uuid::Uuid::new_v4(), "a", None).await.unwrap();
            let storage::lease::Answer::Leads(lease) = asked else { panic!("somebody else leads") };
            let term = Term { token: lease.token, over: CancellationToken::new() };
            standing.send_replace(Standing { term: Some(term.clone()), until, leader: String::new() });
            assert_eq!(leadership.is_leading(), number == 1);
            if number == 2 {
                // The job runs whenever we don't.
                for _ in 0..100 {
                    tokio::task::yield_now().await;
                }
                term.over.cancel();
            }
            let rests = || job.0.lock().unwrap().iter().filter(|what| *what == "rest").count();
            while rests() < number {
                tokio::task::yield_now().await;
            }
        }
        drop(standing);
        running.join_all().await;
        assert_eq!(
            *job.0.lock().unwrap(),
            ["turn 1", "rest", "rest"],
            "no turn after the end, by the clock, of the second term"
        );
    }
}
