//! Runs what the kernel does asynchronously.

use std::future::{self, Future};
use std::pin::Pin;

use delta_kernel::KernelResult;
use delta_kernel_default_engine::executor::TaskExecutor;

/// Runs everything on the thread that asks for it. The files of a lake are local: without a runtime of
/// tokio around it, the kernel's object store reads and writes them where it is called, and nothing
/// has to be waited for. With a runtime each of these calls goes to another thread and back
/// (docs/adr/0028-kernel-in-place.md).
pub(super) struct InPlace;

impl TaskExecutor for InPlace {
    type Guard<'a> = ();

    fn block_on<T>(&self, task: T) -> T::Output
    where
        T: Future + Send + 'static,
        T::Output: Send + 'static,
    {
        pollster::block_on(task)
    }

    fn spawn<F>(&self, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        pollster::block_on(task);
    }

    fn spawn_blocking<T, R>(
        &self,
        task: T,
    ) -> Pin<Box<dyn Future<Output = KernelResult<R>> + Send + '_>>
    where
        T: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        Box::pin(future::ready(Ok(task())))
    }

    fn enter(&self) -> Self::Guard<'_> {}
}
