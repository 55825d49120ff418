"""Six M/M/4 stations in tandem at 80 % utilisation, simulated by SimPy and by Ciw.

Prints one JSON object a line: the simulator, its station visits a second of processor time, and
the mean sojourn in mean service times, by which it is seen that all answer the same question.
The theory says 6 * 1.745541 = 10.473.
"""

import argparse
import json
import random
import time

import ciw
import simpy

STATIONS = 6
SERVERS = 4
SERVICE_RATE = 1.0
ARRIVAL_RATE = 0.8 * SERVERS * SERVICE_RATE


def with_simpy(requests, seed):
    """The sojourn of every request, simulated by SimPy."""
    draw = random.Random(seed)
    environment = simpy.Environment()
    stations = [simpy.Resource(environment, capacity=SERVERS) for _ in range(STATIONS)]
    sojourns = []

    def request():
        start = environment.now
        for station in stations:
            with station.request() as turn:
                yield turn
                yield environment.timeout(draw.expovariate(SERVICE_RATE))
        sojourns.append(environment.now - start)

    def source():
        for _ in range(requests):
            yield environment.timeout(draw.expovariate(ARRIVAL_RATE))
            environment.process(request())

    environment.process(source())
    environment.run()
    return sojourns


def with_ciw(requests, seed):
    """The sojourn of every request, simulated by Ciw."""
    ciw.seed(seed)
    arrivals = [ciw.dists.Exponential(rate=ARRIVAL_RATE)] + [None] * (STATIONS - 1)
    rows = range(STATIONS)
    network = ciw.create_network(
        arrival_distributions=arrivals,
        service_distributions=[ciw.dists.Exponential(rate=SERVICE_RATE)] * STATIONS,
        number_of_servers=[SERVERS] * STATIONS,
        routing=[[float(end == start + 1) for end in rows] for start in rows],
    )
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_customers(requests, method="Finish")
    starts, ends = {}, {}
    for record in simulation.get_all_records():
        name = record.id_number
        starts[name] = min(record.arrival_date, starts.get(name, record.arrival_date))
        if record.node == STATIONS:
            ends[name] = record.exit_date
    return [end - starts[name] for name, end in ends.items()]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    for name, simulate in (("simpy", with_simpy), ("ciw", with_ciw)):
        start = time.process_time()
        sojourns = simulate(options.requests, options.seed)
        seconds = time.process_time() - start
        visits = len(sojourns) * STATIONS
        answer = {
            "simulator": name,
            "visitsPerSecond": round(visits / seconds),
            "meanSojourn": round(sum(sojourns) / len(sojourns), 3),
        }
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
