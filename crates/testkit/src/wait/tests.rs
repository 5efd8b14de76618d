use super::*;

#[tokio::test(start_paused = true)]
#[should_panic(expected = "waited 30s in vain for a sign")]
async fn a_wait_in_vain_says_for_what() {
    within("a sign", std::future::pending::<()>()).await;
}

#[tokio::test(start_paused = true)]
async fn looks_until_the_condition_holds() {
    let mut looks = 0;
    let value = eventually("the third look", async || {
        looks += 1;
        if looks < 3 { Err(looks) } else { Ok("seen") }
    })
    .await;
    assert_eq!((value, looks), ("seen", 3));
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "expected within 30s: two keys; seen last: 1")]
async fn the_last_sight_is_part_of_the_message() {
    eventually("two keys", async || Err::<(), _>(1)).await;
}
