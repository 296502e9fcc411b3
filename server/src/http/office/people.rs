//! The people of a site: listed, added, changed, and imported from a file.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::{Person, Role};
use office_model::messages::{PeopleFileRequest, PeopleImportedAnswer, PersonItem, PersonRequest};
use office_model::roles::OfficeRoute;
use sync::{Refusal, UnixMillis};
use uuid::Uuid;

use super::caller::SignedIn;
use super::devices::done;
use super::sessions::gone;
use crate::http::body::BodyBytes;
use crate::http::errors::ApiError;
use crate::http::openapi::Refused;
use crate::http::state::AppState;
use crate::people::{PersonFields, prepared, prepared_change, prepared_import};
use crate::store::StoreFault;
use crate::store::office::OfficeAct;
use crate::store::people::SiteChange;

/// Everybody at a site, those who have left included.
#[utoipa::path(
    get,
    path = "/office/sites/{site}/people",
    operation_id = "office_people",
    tag = "office",
    params(("site" = String, Path, description = "The site's short name")),
    responses((status = 200, description = "The people, by name", body = Value)),
    security(("office" = []))
)]
pub(super) async fn list(
    State(state): State<AppState>,
    caller: SignedIn,
    Path(site): Path<String>,
) -> Result<Json<Vec<PersonItem>>, ApiError> {
    caller.at(&state, OfficeRoute::ListPeople, &site).await?;
    let item = |person: Person| {
        let Person { id, name, initials, badge, pin, language, role, active } = person;
        let (role, has_badge, has_pin) = (role.code().to_owned(), badge.is_some(), pin.is_some());
        PersonItem { id, name, initials, role, language, active, has_badge, has_pin }
    };
    Ok(Json(state.store.site_people(&site).await?.people.into_iter().map(item).collect()))
}

/// Adds a person.
#[utoipa::path(
    post,
    path = "/office/sites/{site}/people",
    operation_id = "office_add_person",
    tag = "office",
    params(("site" = String, Path, description = "The site's short name")),
    request_body(content = Value, description = "The name, and any of initials, badge, pin, language and role"),
    responses((status = 204, description = "They are at the site"), (status = 400, description = "A field is wrong", body = Refused)),
    security(("office" = []))
)]
pub(super) async fn add(
    State(state): State<AppState>,
    caller: SignedIn,
    Path(site): Path<String>,
    body: BodyBytes,
) -> Result<StatusCode, ApiError> {
    caller.at(&state, OfficeRoute::AddPerson, &site).await?;
    let (fields, now) = (fields(body.json()?)?, state.clock.now());
    let person = prepared(state.store.as_ref(), &site, fields, now).await.map_err(refused)?;
    let subject = person.name.clone();
    let act = OfficeAct::People { change: change(site, vec![person], now), what: "person_added", subject };
    done(state.store.act(act, caller.actor(), now).await?, "person")
}

/// Changes a person; what is left out stays.
#[utoipa::path(
    patch,
    path = "/office/sites/{site}/people/{person}",
    operation_id = "office_change_person",
    tag = "office",
    params(("site" = String, Path, description = "The site's short name"), ("person" = Uuid, Path, description = "The person")),
    request_body(content = Value, description = "Any of name, initials, badge, pin, language, role and active"),
    responses(
        (status = 204, description = "They are as asked for"),
        (status = 400, description = "A field is wrong", body = Refused),
        (status = 404, description = "The site does not know the person", body = Refused)
    ),
    security(("office" = []))
)]
pub(super) async fn change_person(
    State(state): State<AppState>,
    caller: SignedIn,
    Path((site, id)): Path<(String, Uuid)>,
    body: BodyBytes,
) -> Result<StatusCode, ApiError> {
    caller.at(&state, OfficeRoute::ChangePerson, &site).await?;
    let (fields, now) = (fields(body.json()?)?, state.clock.now());
    let changed = prepared_change(state.store.as_ref(), (&site, id), fields, now).await.map_err(refused)?;
    let person = changed.ok_or_else(|| gone("person"))?;
    let subject = person.name.clone();
    let act = OfficeAct::People { change: change(site, vec![person], now), what: "person_changed", subject };
    done(state.store.act(act, caller.actor(), now).await?, "person")
}

/// Adds and changes the people of a CSV file, all or none.
#[utoipa::path(
    post,
    path = "/office/sites/{site}/people/import",
    operation_id = "office_import_people",
    tag = "office",
    params(("site" = String, Path, description = "The site's short name")),
    request_body(content = Value, description = "The text of the file, as csv"),
    responses((status = 200, description = "How many there were", body = Value), (status = 400, description = "A line is wrong", body = Refused)),
    security(("office" = []))
)]
pub(super) async fn import(
    State(state): State<AppState>,
    caller: SignedIn,
    Path(site): Path<String>,
    body: BodyBytes,
) -> Result<Json<PeopleImportedAnswer>, ApiError> {
    caller.at(&state, OfficeRoute::ImportPeople, &site).await?;
    let (file, now) = (body.json::<PeopleFileRequest>()?, state.clock.now());
    let (people, imported) =
        prepared_import(state.store.as_ref(), &site, &file.csv, now).await.map_err(refused)?;
    let answer = PeopleImportedAnswer { added: imported.added, changed: imported.changed };
    let subject = format!("{} added, {} changed", answer.added, answer.changed);
    let act = OfficeAct::People { change: change(site, people, now), what: "people_imported", subject };
    state.store.act(act, caller.actor(), now).await?;
    Ok(Json(answer))
}

fn change(site: String, people: Vec<Person>, now: UnixMillis) -> SiteChange {
    SiteChange { site, people, settings: Vec::new(), now }
}

fn fields(request: PersonRequest) -> Result<PersonFields, ApiError> {
    let PersonRequest { name, initials, badge, pin, language, role, active } = request;
    let role = role.map(|code| Role::from_code(&code).ok_or(code)).transpose().map_err(|code| {
        let roles: Vec<&str> = Role::ALL.into_iter().map(Role::code).collect();
        ApiError::bad_request(
            "bad_role",
            format!("There is no role \"{code}\". The roles are {}.", roles.join(", ")),
        )
    })?;
    Ok(PersonFields { name, initials, badge, pin, language, role, active })
}

/// A fault of the store as it is, and what is wrong with a field or a line as a refusal.
fn refused(error: anyhow::Error) -> ApiError {
    match error.downcast::<StoreFault>() {
        Ok(fault) => fault.into(),
        Err(error) => {
            let code = error.downcast_ref::<Refusal>().map_or("bad_person", |refusal| refusal.code);
            ApiError::bad_request(code, format!("{error:#}"))
        }
    }
}
