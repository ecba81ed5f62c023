//! Parcels in a store that speaks S3.

use std::io;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use bytes::Buf as _;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use object_store::MultipartUpload;
use object_store::ObjectStoreExt as _;
use object_store::RetryConfig;
use object_store::aws::AmazonS3;
use object_store::aws::AmazonS3Builder;
use object_store::path::Path;
use tokio::runtime::Handle;

use crate::config::S3Store;
use crate::config::SecretFile;
use crate::depot::http::Connector;
use crate::transport::Web;

/// Bytes of a part of an object; one that is shorter goes as a whole.
const PART_BYTES: usize = 8 << 20;

/// How often the crate asks again by itself; the queue tries again later anyway.
const RETRIES_MAX: usize = 2;

/// For how long it does.
const RETRY: Duration = Duration::from_secs(30);

/// Until the store takes a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// Between two pieces of what is read.
const SILENCE: Duration = Duration::from_secs(60);

/// A bucket, and what names in it begin with.
#[derive(Clone)]
pub struct Bucket {
    store: Arc<AmazonS3>,
    web: Web,
    prefix: Path,
    runtime: Handle,
}

impl std::fmt::Debug for Bucket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Bucket({})", self.prefix)
    }
}

/// An object that is being written.
pub struct Upload {
    bucket: Bucket,
    path: Path,
    held: Vec<u8>,
    /// More than one part.
    parts: Option<Box<dyn MultipartUpload>>,
}

impl std::fmt::Debug for Upload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Upload({})", self.path)
    }
}

/// An object that is being read.
pub struct Download {
    stream: BoxStream<'static, object_store::Result<Bytes>>,
    held: Bytes,
    runtime: Handle,
}

impl std::fmt::Debug for Download {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Download")
    }
}

impl Bucket {
    pub(super) fn open(store: &S3Store) -> io::Result<Self> {
        let runtime = Handle::try_current().map_err(io::Error::other)?;
        let web = Web::at(&store.endpoint, &store.authorities).map_err(io::Error::other)?;
        let retry = RetryConfig {
            max_retries: RETRIES_MAX,
            retry_timeout: RETRY,
            ..RetryConfig::default()
        };
        let client = AmazonS3Builder::new()
            .with_bucket_name(&store.place.bucket)
            .with_endpoint(store.endpoint.to_string())
            .with_region(&store.region)
            .with_access_key_id(line_of(&store.access_key)?)
            .with_secret_access_key(line_of(&store.secret_key)?)
            .with_retry(retry)
            .with_http_connector(Connector(web.clone()))
            .build()
            .map_err(told)?;
        Ok(Self {
            store: Arc::new(client),
            web,
            prefix: Path::from(store.place.prefix.as_str()),
            runtime,
        })
    }

    /// Whether the store answers at all.
    pub(super) fn check(&self) -> io::Result<()> {
        let connected = async { tokio::time::timeout(CONNECT, self.web.connect()).await };
        match self.runtime.block_on(connected) {
            Ok(connected) => connected.map(drop),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    pub(super) fn within(&self, name: &str) -> Self {
        Self {
            prefix: self.prefix.clone().join(name),
            ..self.clone()
        }
    }

    pub(super) fn create(&self, name: &str) -> Upload {
        Upload {
            bucket: self.clone(),
            path: self.prefix.clone().join(name),
            held: Vec::new(),
            parts: None,
        }
    }

    pub(super) fn discard(&self, names: &[String]) {
        self.runtime.block_on(async {
            for name in names {
                let _gone = self.store.delete(&self.prefix.clone().join(&**name)).await;
            }
        });
    }

    pub(super) fn read(&self, name: &str) -> io::Result<(Download, u64)> {
        let path = self.prefix.clone().join(name);
        let got = self.runtime.block_on(self.store.get(&path)).map_err(told)?;
        let bytes = got.meta.size;
        let download = Download {
            stream: got.into_stream(),
            held: Bytes::new(),
            runtime: self.runtime.clone(),
        };
        Ok((download, bytes))
    }
}

impl Upload {
    /// Sends what is held as a part.
    fn send_part(&mut self) -> io::Result<()> {
        let runtime = self.bucket.runtime.clone();
        let part = std::mem::take(&mut self.held);
        runtime.block_on(async {
            let parts = match &mut self.parts {
                Some(parts) => parts,
                None => {
                    let begun = self.bucket.store.put_multipart(&self.path).await;
                    self.parts.insert(begun.map_err(told)?)
                }
            };
            parts.put_part(part.into()).await.map_err(told)
        })
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        let runtime = self.bucket.runtime.clone();
        if self.parts.is_none() {
            let whole = std::mem::take(&mut self.held);
            let put = self.bucket.store.put(&self.path, whole.into());
            return runtime.block_on(put).map(|_| ()).map_err(told);
        }
        if !self.held.is_empty() {
            self.send_part()?;
        }
        if let Some(parts) = &mut self.parts {
            runtime.block_on(parts.complete()).map_err(told)?;
        }
        // It is complete: there is nothing to abort.
        self.parts = None;
        Ok(())
    }
}

impl Write for Upload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.held.len() >= PART_BYTES {
            self.send_part()?;
        }
        self.held.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        // What it sent of an object that will not be costs room in the store.
        if let Some(mut parts) = self.parts.take() {
            self.bucket.runtime.spawn(async move {
                let _gone = parts.abort().await;
            });
        }
    }
}

impl io::Read for Download {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.held.is_empty() {
            let next = async { tokio::time::timeout(SILENCE, self.stream.next()).await };
            match self.runtime.block_on(next) {
                Ok(Some(piece)) => self.held = piece.map_err(told)?,
                Ok(None) => return Ok(0),
                Err(_) => return Err(io::ErrorKind::TimedOut.into()),
            }
        }
        (&mut self.held).reader().read(into)
    }
}

/// A secret of one line.
fn line_of(file: &SecretFile) -> io::Result<String> {
    let secret = file.read().map_err(io::Error::other)?;
    let line = secret.line().map(str::to_owned);
    line.ok_or_else(|| io::Error::other("a key of the store has more than one line, or is no text"))
}

fn told(error: object_store::Error) -> io::Error {
    let kind = match &error {
        object_store::Error::NotFound { .. } => io::ErrorKind::NotFound,
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, error)
}
