//! Keyset pages: opening the caller's token, cutting the page, sealing the next token.

use super::Cx;
use crate::{
    access::{Action, Scope},
    model::{
        Error, Result,
        id::Id,
        page::{Page, PageRequest},
    },
    token::PageBinding,
};

/// A page that is being read. Its token is bound to the RPC, the scope's tenant and the filter.
pub(super) struct Paging<'a> {
    cx: &'a Cx,
    request: &'a PageRequest,
    binding: PageBinding,
}

impl<'a> Paging<'a> {
    pub(super) fn new(
        cx: &'a Cx,
        scope: Scope,
        action: Action,
        filter: String,
        request: &'a PageRequest,
    ) -> Self {
        let binding = PageBinding { rpc: action.as_str(), tenant: scope.tenant_id(), filter };
        Self { cx, request, binding }
    }

    /// Where the page begins: the position that the token holds, or nothing on the first page.
    pub(super) fn position(&self) -> Result<Option<Vec<u8>>> {
        let now = self.cx.app.clock.now();
        self.cx
            .app
            .ring()?
            .open_page_token(&self.binding, &self.request.token, now)
            .map_err(|violation| Error::invalid(vec![violation]))
    }

    /// The position as an identifier.
    pub(super) fn after<I: Id>(&self) -> Result<Option<I>> {
        let id = |bytes: Vec<u8>| {
            uuid::Uuid::from_slice(&bytes).map(I::from_uuid).map_err(Error::internal)
        };
        self.position()?.map(id).transpose()
    }

    /// How many rows to read: one more than the page, to see whether another follows.
    pub(super) fn limit(&self) -> i64 {
        self.request.size.probe()
    }

    /// Cuts the rows to the page; `key` gives the position of its last row.
    pub(super) fn cut<T>(&self, mut rows: Vec<T>, key: impl Fn(&T) -> Vec<u8>) -> Result<Page<T>> {
        let more = rows.len() > self.request.size.len();
        rows.truncate(self.request.size.len());
        let next_token = match rows.last() {
            Some(last) if more => {
                let now = self.cx.app.clock.now();
                self.cx.app.ring()?.page_token(&self.binding, &key(last), now)
            }
            _ => String::new(),
        };
        Ok(Page { items: rows, next_token })
    }
}

/// An identifier as a position.
pub(super) fn id_key(id: &impl Id) -> Vec<u8> {
    id.as_uuid().as_bytes().to_vec()
}
