import numpy as np

from recognizer.components import find_components
from recognizer.opencv import cv2


def test_parts_have_their_label_box_and_area() -> None:
    mask = np.zeros((20, 30), np.uint8)
    mask[2:5, 3:10] = 255
    mask[8:18, 20:22] = 255
    components, labels = find_components(mask)
    assert [(p.left, p.top, p.width, p.height, p.area) for p in components] == [(3, 2, 7, 3, 21), (20, 8, 2, 10, 20)]
    assert [int(labels[3, 4]), int(labels[9, 20])] == [p.label for p in components]


def test_a_part_ends_before_the_first_column_and_row_after_it() -> None:
    mask = np.zeros((20, 30), np.uint8)
    mask[2:5, 3:10] = 255
    ((component,), _) = find_components(mask)
    assert (component.right, component.bottom) == (10, 5)
    assert not mask[:, component.right].any()
    assert not mask[component.bottom].any()


def test_the_area_is_that_of_the_ink_and_not_of_its_box() -> None:
    mask = np.zeros((60, 60), np.uint8)
    cv2.rectangle(mask, (10, 10), (49, 49), 255, 1)
    ((component,), _) = find_components(mask)
    assert (component.width, component.height, component.area) == (40, 40, 4 * 39)


def test_a_part_within_another_is_a_part_of_its_own() -> None:
    mask = np.zeros((60, 60), np.uint8)
    cv2.rectangle(mask, (10, 10), (49, 49), 255, 2)
    mask[28:32, 28:32] = 255
    assert min(component.area for component in find_components(mask)[0]) == 16
    assert len(find_components(mask)[0]) == 2


def test_pixels_that_touch_at_a_corner_are_one_part() -> None:
    assert len(find_components(np.eye(12, dtype=np.uint8) * 255)[0]) == 1


def test_a_blank_mask_has_no_parts() -> None:
    components, labels = find_components(np.zeros((20, 30), np.uint8))
    assert components == []
    assert labels.shape == (20, 30)


def test_of_very_many_parts_the_largest_are_looked_at() -> None:
    mask = np.zeros((80, 80), np.uint8)
    mask[::2, ::2] = 255
    mask[60:71, 60:71] = 255
    components, labels = find_components(mask)
    assert len(components) == 200
    assert components[0].area == max(p.area for p in components) >= 121
    assert int(labels[65, 65]) == components[0].label


def test_a_large_picture_may_have_more_parts_than_sixteen_bits_count() -> None:
    mask = np.zeros((600, 600), np.uint8)
    mask[::2, ::2] = 255
    assert find_components(mask)[1].max() == 90_000


def test_the_largest_picture_whose_labels_take_sixteen_bits_has_no_more_of_them() -> None:
    mask = np.zeros((398, 502), np.uint8)  # just below the limit, and as many parts as it can have
    mask[::2, ::2] = 255
    components, labels = find_components(mask)
    assert labels.dtype == np.uint16
    assert labels.max() == 199 * 251
    assert all(labels[component.top, component.left] == component.label for component in components)
