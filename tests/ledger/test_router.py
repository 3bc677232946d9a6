"""The ledger over HTTP."""

from tests.conftest import Person


async def test_a_second_purchase_moves_the_average_cost(ada: Person) -> None:
    first = {"coin_id": "bitcoin", "quantity": "0.5", "price": "60000"}
    await ada.http.post("/holdings", json=first)

    answer = await ada.http.post("/holdings", json=first | {"price": "40000", "fee": "10"})

    assert answer.status_code == 201
    holding = answer.json()
    assert (holding["quantity"], holding["cost"], holding["fees"]) == ("1", "50010", "10")
    assert holding["average_cost"] == "50010"
    assert holding["average_cost_without_fees"] == "50000"
