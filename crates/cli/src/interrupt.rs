//! Ctrl-C, and SIGTERM for what serves: asks a command to stop in order, or cleans up and ends the process.

use std::future::{Future as _, poll_fn};
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::task::Poll;
use std::thread;
use std::time::Duration;
use std::{fs, io};

use tokio::runtime::Builder;
use tokio::signal::ctrl_c;
#[cfg(unix)]
use tokio::signal::unix;
use tokio::time::timeout;

use crate::{exit, stderr};

/// What Ctrl-C does to a command.
#[derive(Debug)]
pub enum OnInterrupt {
    /// The first one raises the flag, which the command looks at; the second one ends the process,
    /// as does a command that takes too long to stop.
    Stop(Arc<AtomicBool>),
    /// The first Ctrl-C or SIGTERM raises the flag; the second one ends the process. The command may take
    /// its time to stop.
    Finish(Arc<AtomicBool>),
    /// Removes the directory, if there is one, and ends the process.
    Remove(Option<PathBuf>),
}

/// Handles Ctrl-C from now on, on a thread of its own. Where the system gives no way to wait for
/// it, Ctrl-C ends the process as it always does.
pub fn handle(action: OnInterrupt) {
    let (ready, is_ready) = mpsc::channel();
    thread::spawn(move || wait(action, ready));
    // An error means that the thread has ended: there is nothing to wait for.
    let _ = is_ready.recv();
}

/// How long a command may take to stop in order.
const GRACE: Duration = Duration::from_secs(5);

fn wait(action: OnInterrupt, ready: mpsc::Sender<()>) {
    let Ok(runtime) = Builder::new_current_thread().enable_all().build() else {
        return;
    };
    let ends_on_terminate = matches!(action, OnInterrupt::Finish(_));
    let interrupted = runtime.block_on(async {
        let mut first = pin!(signal(ends_on_terminate));
        // The first look at it takes the signal from the system.
        if let Poll::Ready(result) = poll_fn(|cx| Poll::Ready(first.as_mut().poll(cx))).await {
            return result;
        }
        drop(ready);
        first.await
    });
    if interrupted.is_err() {
        return;
    }
    match action {
        OnInterrupt::Stop(flag) => {
            flag.store(true, Ordering::Relaxed);
            if io::stderr().is_terminal() {
                stderr::print("\nstopping; Ctrl-C once more ends at once");
            }
            // Too late or once more: either way the end.
            let _ = runtime.block_on(async { timeout(GRACE, ctrl_c()).await });
        }
        OnInterrupt::Finish(flag) => {
            flag.store(true, Ordering::Relaxed);
            if io::stderr().is_terminal() {
                stderr::print("\nfinishing what has begun; Ctrl-C once more ends at once");
            }
            let _ = runtime.block_on(signal(ends_on_terminate));
        }
        OnInterrupt::Remove(Some(dir)) => remove(&dir),
        OnInterrupt::Remove(None) => {}
    }
    exit::interrupted()
}

/// Waits for Ctrl-C, or for SIGTERM as well.
async fn signal(or_terminate: bool) -> io::Result<()> {
    #[cfg(unix)]
    if or_terminate {
        let mut terminate = unix::signal(unix::SignalKind::terminate())?;
        return tokio::select! {
            result = ctrl_c() => result,
            _ = terminate.recv() => Ok(()),
        };
    }
    ctrl_c().await
}

/// How often removing is tried while other threads may still write.
const ATTEMPTS: usize = 10;

fn remove(dir: &Path) {
    for _ in 0..ATTEMPTS {
        if fs::remove_dir_all(dir).is_ok() || !dir.exists() {
            return;
        }
    }
}
