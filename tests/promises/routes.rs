//! Promise 3, route by route: where a request goes, under which mode, and what a refusal looks
//! like, is what the route says that carried it.

use credence::dimse::Status;

use crate::house::House;
use crate::house::Plan;
use crate::images::Image;

/// Enhanced CT: another SOP class of the same modality.
const ENHANCED_CT: &str = "1.2.840.10008.5.1.4.1.1.2.1";

#[tokio::test]
async fn a_permit_for_one_destination_is_none_for_another() {
    let plan = Plan {
        tables: "[[route]]\ncalled = [\"CREDENCE\"]\n\
                 sop_classes = [\"1.2.840.10008.5.1.4.1.1.2.1\"]\nto = \"lakeside\"",
        ..Plan::default()
    };
    let (house, running) = House::open(plan).await;
    let ours = Image::default();
    let theirs = Image {
        class: ENHANCED_CT,
        ..Image::default()
    };
    let sent = [ours.instance(1), theirs.instance(2), ours.instance(3)];
    let told = house.modality().store(&sent, |_| {}).await.unwrap();
    let told: Vec<Status> = told.iter().map(|answer| answer.status).collect();
    assert_eq!(
        told,
        [Status::SUCCESS, Status::NOT_AUTHORISED, Status::SUCCESS]
    );
    assert_eq!(house.lakeside.record().received.len(), 0);
    running.drain().await.unwrap();
}
