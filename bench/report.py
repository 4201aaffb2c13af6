"""placeholder"""
def write(found, stem):
    return [f"result: {stem}.json"]
