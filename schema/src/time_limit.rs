//! Time limits for a browser that does not answer.
//!
//! A browser may lose a transaction: its requests and its commit are never answered, and code that waits for
//! them waits forever. A transaction that another frozen or broken window holds open has the same effect.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures::future::poll_fn;
use futures::task::AtomicWaker;
use gloo_timers::future::TimeoutFuture;

/// Without an answer for this long, opening is given up.
pub(crate) const OPEN_LIMIT_MILLIS: u32 = 10_000;
/// The same, once the browser has begun to upgrade the database: it answers when it has rewritten all rows.
pub(crate) const UPGRADE_LIMIT_MILLIS: u32 = 120_000;
/// The limit between two answers of a transaction that a person may wait for: reads and saves.
pub(crate) const WAITED_FOR_LIMIT_MILLIS: u32 = 10_000;
/// The limit between two answers of a transaction that stores rows: slow devices need seconds for one.
pub(crate) const ROWS_LIMIT_MILLIS: u32 = 30_000;
/// Timers that a limit is divided into.
const TICKS: u32 = 6;

/// Wakes the task, and notes that it was for an answer and not for a timer.
#[derive(Default)]
struct Answers {
    came: AtomicBool,
    task: AtomicWaker,
}

impl Wake for Answers {
    fn wake(self: Arc<Self>) {
        self.came.store(true, Ordering::Relaxed);
        self.task.wake();
    }
}

/// The result of `work`, or `None` if nothing has woken it for `limit_millis`; then it is dropped. No timer
/// outlives the call.
pub(crate) async fn within<T>(work: impl Future<Output = T>, limit_millis: u32) -> Option<T> {
    within_ticks(work, || TimeoutFuture::new(limit_millis / TICKS)).await
}

/// Waits in several ticks, because time passes while a page is frozen: once it resumes, its timer is due at
/// once, perhaps before answers that arrived meanwhile. Such a pause counts as one tick and not as the whole
/// limit.
async fn within_ticks<T, S: Future<Output = ()>>(
    work: impl Future<Output = T>,
    sleep: impl Fn() -> S,
) -> Option<T> {
    let (mut work, mut tick) = (pin!(work), pin!(sleep()));
    let answers = Arc::new(Answers::default());
    let waker = Waker::from(Arc::clone(&answers));
    let mut silent_ticks = 0;
    poll_fn(|context| {
        answers.task.register(context.waker());
        if answers.came.swap(false, Ordering::Relaxed) {
            silent_ticks = 0;
        }
        while silent_ticks < TICKS && tick.as_mut().poll(context).is_ready() {
            silent_ticks += 1;
            tick.set(sleep());
        }
        match work.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(ended) => Poll::Ready(Some(ended)),
            Poll::Pending if silent_ticks == TICKS => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::pin::Pin;
    use std::rc::Rc;

    use futures::channel::{mpsc, oneshot};
    use futures::{FutureExt, StreamExt};

    use super::*;

    /// Timers that a test fires.
    #[derive(Clone, Default)]
    struct Clock(Rc<RefCell<Vec<oneshot::Sender<()>>>>);

    impl Clock {
        fn sleep(&self) -> impl Future<Output = ()> + use<> {
            let (fire, fired) = oneshot::channel();
            self.0.borrow_mut().push(fire);
            fired.map(drop)
        }
    }

    /// A task that is polled by hand.
    struct Task<T> {
        clock: Clock,
        running: Pin<Box<dyn Future<Output = T>>>,
    }

    impl<T> Task<T> {
        fn new<F: Future<Output = T> + 'static>(run: impl FnOnce(Clock) -> F) -> Self {
            let clock = Clock::default();
            let running = Box::pin(run(clock.clone()));
            Self { clock, running }
        }

        fn poll(&mut self) -> Poll<T> {
            self.running.as_mut().poll(&mut Context::from_waker(Waker::noop()))
        }

        /// Fires the timers, one after the other as a browser does.
        fn tick(&mut self) -> Poll<T> {
            let mut polled = self.poll();
            for fire in self.clock.0.take() {
                // A timer that was dropped does not fire.
                if fire.send(()).is_ok() && polled.is_pending() {
                    polled = self.poll();
                }
            }
            polled
        }
    }

    /// Work that ends after two answers, and the way to answer.
    fn two_answers() -> (Task<Option<usize>>, mpsc::UnboundedSender<()>) {
        let (answer, answers) = mpsc::unbounded::<()>();
        let work = answers.take(2).count();
        let task = Task::new(|clock| async move { within_ticks(work, || clock.sleep()).await });
        (task, answer)
    }

    #[test]
    fn silence_ends_after_all_ticks() {
        let (mut task, answer) = two_answers();
        for _ in 1..TICKS {
            assert_eq!(task.tick(), Poll::Pending);
        }
        assert_eq!(task.tick(), Poll::Ready(None));
        assert!(answer.unbounded_send(()).is_err(), "the work was dropped");
        assert!(task.clock.0.take().iter().all(oneshot::Sender::is_canceled), "no timer is left");
    }

    #[test]
    fn an_answer_restarts_the_limit() {
        let (mut task, answer) = two_answers();
        for _ in 1..TICKS {
            assert_eq!(task.tick(), Poll::Pending);
        }
        answer.unbounded_send(()).expect("heard");
        for _ in 1..TICKS {
            assert_eq!(task.tick(), Poll::Pending);
        }
        answer.unbounded_send(()).expect("heard");
        assert_eq!(task.poll(), Poll::Ready(Some(2)));
    }

    /// Several waits in one task wake each other with their timers.
    #[test]
    fn timers_of_others_in_the_task_are_no_answers() {
        let mut task = Task::new(|clock| async move {
            let never = futures::future::pending::<u32>;
            let wait = || within_ticks(never(), || clock.sleep());
            futures::join!(wait(), wait())
        });
        for _ in 1..TICKS {
            assert_eq!(task.tick(), Poll::Pending);
        }
        assert_eq!(task.tick(), Poll::Ready((None, None)));
    }
}
