//! Work on all processors whose results come in order.

use std::collections::VecDeque;
use std::panic::resume_unwind;
use std::sync::{Mutex, OnceLock, PoisonError, mpsc};
use std::thread;

/// The most threads: each holds the columns of a row group.
const MOST_THREADS: usize = 8;
/// How many tasks per thread are begun and not taken, at most.
const AHEAD: usize = 2;

/// How many threads work. Asked once: the system is asked for groups of processes and their shares.
fn most_threads() -> usize {
    static THREADS: OnceLock<usize> = OnceLock::new();
    *THREADS.get_or_init(|| {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        processors.min(MOST_THREADS)
    })
}

/// A task, and where its result goes.
type Task<I, O, E> = (I, mpsc::Sender<Result<O, E>>);

/// Gives each task to some thread and hands out the results in the order of the tasks. Ends with
/// the first error, of a task or of its work, in their order.
pub(crate) fn in_order<I: Send, O: Send, E: Send>(
    tasks: impl Iterator<Item = Result<I, E>>,
    work: impl Fn(I) -> Result<O, E> + Sync,
    mut take: impl FnMut(O),
) -> Result<(), E> {
    let threads = most_threads();
    let (give, given) = mpsc::sync_channel::<Task<I, O, E>>(threads * AHEAD);
    let given = Mutex::new(given);
    let (given, work) = (&given, &work);
    thread::scope(|scope| {
        // Dropped at the end of the scope's body: then the threads end.
        let give = give;
        let mut tasks = tasks.fuse();
        let mut begun = VecDeque::new();
        let mut started = 0;
        loop {
            while begun.len() < threads * AHEAD
                && let Some(task) = tasks.next()
            {
                let (send, receive) = mpsc::channel();
                match task {
                    Ok(task) => {
                        if started < threads {
                            started += 1;
                            scope.spawn(move || run(given, work));
                        }
                        // Fails only if all threads have panicked, as receiving below does then.
                        let _ = give.send((task, send));
                    }
                    Err(error) => {
                        let _ = send.send(Err(error));
                    }
                }
                begun.push_back(receive);
            }
            let Some(next) = begun.pop_front() else {
                return Ok(());
            };
            match next.recv() {
                Ok(result) => take(result?),
                // A thread has panicked; the scope panics when this one ends.
                Err(mpsc::RecvError) => return Ok(()),
            }
        }
    })
}

/// Gives each of some tasks to some thread, beginning with the first; the results come in the order of
/// the tasks. All of them are in memory at once.
pub(crate) fn all<I: Send, O: Send>(tasks: Vec<I>, work: impl Fn(I) -> O + Sync) -> Vec<O> {
    let threads = most_threads().min(tasks.len());
    let tasks = Mutex::new(tasks.into_iter().enumerate());
    let run = || {
        let mut made = Vec::new();
        loop {
            let next = tasks.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((place, task)) = next else {
                return made;
            };
            made.push((place, work(task)));
        }
    };
    let mut made = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(run)).collect();
        let mut made = run();
        for other in others {
            made.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        made
    });
    made.sort_by_key(|(place, _)| *place);
    made.into_iter().map(|(_, result)| result).collect()
}

/// Works until there are no more tasks.
fn run<I, O, E>(given: &Mutex<mpsc::Receiver<Task<I, O, E>>>, work: &impl Fn(I) -> Result<O, E>) {
    loop {
        let task = given.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((task, send)) = task else { return };
        // Nobody receives any more after an error.
        let _ = send.send(work(task));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn squares(
        tasks: impl Iterator<Item = Result<u64, String>>,
        work: impl Fn(u64) -> Result<u64, String> + Sync,
    ) -> (Vec<u64>, Result<(), String>) {
        let mut taken = Vec::new();
        let end = in_order(tasks, work, |result| taken.push(result));
        (taken, end)
    }

    #[test]
    fn results_come_in_the_order_of_tasks() {
        let (taken, end) = squares((0..100).map(Ok), |n| {
            // Later ones are done sooner.
            thread::sleep(Duration::from_micros(100 - n));
            Ok(n * n)
        });
        assert_eq!(end, Ok(()));
        assert_eq!(taken, (0..100).map(|n| n * n).collect::<Vec<_>>());
        assert_eq!(squares([].into_iter(), Ok), (vec![], Ok(())));
    }

    #[test]
    fn all_results_come_in_the_order_of_tasks() {
        let work = |n: u64| {
            thread::sleep(Duration::from_micros(100 - n));
            n * n
        };
        let expected: Vec<u64> = (0..100).map(|n| n * n).collect();
        assert_eq!(all((0..100).collect(), work), expected);
        assert_eq!(all(Vec::new(), work), Vec::<u64>::new());
    }

    #[test]
    fn the_first_error_ends_it() {
        let bad = |n: u64| {
            if n % 10 == 3 {
                Err(n.to_string())
            } else {
                Ok(n)
            }
        };
        let (taken, end) = squares((0..100).map(Ok), bad);
        assert_eq!((taken, end), (vec![0, 1, 2], Err("3".to_owned())));
        let tasks = [Ok(1), Err("no task".to_owned()), Ok(2)];
        let (taken, end) = squares(tasks.into_iter(), Ok);
        assert_eq!((taken, end), (vec![1], Err("no task".to_owned())));
    }

    #[test]
    #[should_panic(expected = "scoped thread panicked")]
    fn a_panic_is_passed_on() {
        let _ = squares((0..100).map(Ok), |n| {
            assert!(n < 50, "a bug");
            Ok(n)
        });
    }
}
