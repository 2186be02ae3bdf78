"""Modules that the sandbox lacks, in the functions that scripts use, as its Python can run them."""

STATISTICS = """\
class _BridgedStatistics:
    StatisticsError = ValueError
    def _of(self, data, least=1):
        data = _list(data)
        if _len(data) < least:
            raise ValueError('at least ' + _str(least) + ' data point' + ('s are' if least > 1 else ' is') + ' needed')
        return data
    def mean(self, data):
        data = self._of(data)
        total = _math.fsum(data) if _all([not _isinstance(x, _int) for x in data]) else _sum(data)
        mean = total / _len(data)
        whole = _all([_isinstance(x, _int) for x in data])
        return _int(mean) if whole and mean == _int(mean) else mean
    def fmean(self, data):
        data = self._of(data)
        return _math.fsum(data) / _len(data)
    def median(self, data):
        data = _sorted(self._of(data))
        half = _len(data) // 2
        return data[half] if _len(data) % 2 else (data[half - 1] + data[half]) / 2
    def median_low(self, data):
        data = _sorted(self._of(data))
        return data[(_len(data) - 1) // 2]
    def median_high(self, data):
        data = _sorted(self._of(data))
        return data[_len(data) // 2]
    def multimode(self, data):
        counts = {}
        for x in data:
            counts[x] = counts.get(x, 0) + 1
        most = _max(counts.values()) if counts else 0
        return [x for x in counts if counts[x] == most]
    def mode(self, data):
        return self.multimode(self._of(data))[0]
    def _squares(self, data):
        mean = _math.fsum(data) / _len(data)
        return _math.fsum([(x - mean) ** 2 for x in data])
    def variance(self, data, xbar=None):
        data = self._of(data, 2)
        return self._squares(data) / (_len(data) - 1)
    def pvariance(self, data, mu=None):
        data = self._of(data)
        return self._squares(data) / _len(data)
    def stdev(self, data, xbar=None):
        return _math.sqrt(self.variance(data))
    def pstdev(self, data, mu=None):
        return _math.sqrt(self.pvariance(data))
    def quantiles(self, data, *, n=4, method='exclusive'):
        data = _sorted(self._of(data, 2))
        m = _len(data) - 1 if method == 'inclusive' else _len(data) + 1
        result = []
        for i in _range(1, n):
            j = i * m // n
            if method != 'inclusive':
                j = 1 if j < 1 else _len(data) - 1 if j > _len(data) - 1 else j
            delta = i * m - j * n
            low, high = (data[j], data[j + 1]) if method == 'inclusive' else (data[j - 1], data[j])
            result.append((low * (n - delta) + high * delta) / n)
        return result
_bridged_statistics = _BridgedStatistics()
"""

STRING = """\
class _BridgedString:
    ascii_lowercase = 'abcdefghijklmnopqrstuvwxyz'
    ascii_uppercase = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
    ascii_letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'
    digits = '0123456789'
    hexdigits = '0123456789abcdefABCDEF'
    octdigits = '01234567'
    whitespace = ' \\t\\n\\r\\x0b\\x0c'
    punctuation = '!"#$%&\\'()*+,-./:;<=>?@[\\\\]^_`{|}~'
    printable = digits + ascii_letters + punctuation + whitespace
    def capwords(self, s, sep=None):
        return (' ' if sep is None else sep).join([word.capitalize() for word in s.split(sep)])
_bridged_string = _BridgedString()
"""

HEAPQ = """\
class _BridgedHeapq:
    def nlargest(self, n, iterable, key=None):
        return _sorted(iterable, key=key, reverse=True)[:_max(0, n)]
    def nsmallest(self, n, iterable, key=None):
        return _sorted(iterable, key=key)[:_max(0, n)]
    def merge(self, *iterables, key=None, reverse=False):
        return _iter(_sorted([item for some in iterables for item in some], key=key, reverse=reverse))
    def heapify(self, heap):
        heap.sort()
    def heappush(self, heap, item):
        at = _len(heap)
        heap.append(item)
        while at and item < heap[(at - 1) // 2]:
            heap[at] = heap[(at - 1) // 2]
            at = (at - 1) // 2
        heap[at] = item
    def heappop(self, heap):
        last = heap.pop()
        if not heap:
            return last
        least, at, size = heap[0], 0, _len(heap)
        while 2 * at + 1 < size:
            child = 2 * at + 1
            if child + 1 < size and heap[child + 1] < heap[child]:
                child = child + 1
            if not heap[child] < last:
                break
            heap[at] = heap[child]
            at = child
        heap[at] = last
        return least
    def heappushpop(self, heap, item):
        self.heappush(heap, item)
        return self.heappop(heap)
    def heapreplace(self, heap, item):
        least = self.heappop(heap)
        self.heappush(heap, item)
        return least
_bridged_heapq = _BridgedHeapq()
"""

OPERATOR = """\
class _BridgedOperator:
    def itemgetter(self, *keys):
        return (lambda x: x[keys[0]]) if _len(keys) == 1 else (lambda x: _tuple([x[key] for key in keys]))
    def attrgetter(self, *names):
        def read(x, name):
            for part in name.split('.'):
                x = _getattr(x, part)
            return x
        if _len(names) == 1:
            return lambda x: read(x, names[0])
        return lambda x: _tuple([read(x, name) for name in names])
    def add(self, a, b): return a + b
    def sub(self, a, b): return a - b
    def mul(self, a, b): return a * b
    def truediv(self, a, b): return a / b
    def eq(self, a, b): return a == b
    def ne(self, a, b): return a != b
    def lt(self, a, b): return a < b
    def le(self, a, b): return a <= b
    def gt(self, a, b): return a > b
    def ge(self, a, b): return a >= b
    def contains(self, a, b): return b in a
    def getitem(self, a, b): return a[b]
    def or_(self, a, b): return a | b
    def and_(self, a, b): return a & b
_bridged_operator = _BridgedOperator()
"""

PPRINT = """\
class _BridgedPprint:
    def pformat(self, x, width=80, **_):
        if _isinstance(x, _dict):
            rows = [_repr(key) + ': ' + _repr(x[key]) for key in _sorted(x, key=_str)]
        elif _isinstance(x, (_list, _tuple)):
            rows = [_repr(one) for one in x]
        else:
            return _repr(x)
        opens, closes = ('{', '}') if _isinstance(x, _dict) else ('[', ']') if _isinstance(x, _list) else ('(', ')')
        line = opens + ', '.join(rows) + (',' if _isinstance(x, _tuple) and _len(x) == 1 else '') + closes
        return line if _len(line) <= width else opens + ',\\n '.join(rows) + closes
    def pprint(self, x, stream=None, width=80, **_):
        _shown(self.pformat(x, width))
    def pp(self, x, **_):
        _shown(self.pformat(x))
_bridged_pprint = _BridgedPprint()
"""

MODULES = {
    "statistics": STATISTICS,
    "string": STRING,
    "heapq": HEAPQ,
    "operator": OPERATOR,
    "pprint": PPRINT,
}
