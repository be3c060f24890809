//! All pages of a list, one after the other.

use super::outcome::Failure;
use crate::model::{
    Result,
    page::{Page, PageRequest, PageSize},
};

pub(super) async fn all<T>(
    read: impl AsyncFn(PageRequest) -> Result<Page<T>>,
) -> Result<Vec<T>, Failure> {
    let (mut all, mut token) = (Vec::new(), String::new());
    loop {
        let page = read(PageRequest { size: PageSize::MAX, token }).await?;
        all.extend(page.items);
        token = page.next_token;
        if token.is_empty() {
            return Ok(all);
        }
    }
}
